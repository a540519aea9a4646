-- Whoever checks a version holds a claim that it renews; without it nothing more is written.
alter table dataset_version add column claim uuid;
