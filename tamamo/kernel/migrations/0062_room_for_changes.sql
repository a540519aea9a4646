-- Nearly half of each page is left for the next version of its rows: who reports all entities of a
-- page in one batch changes all of them at once. With a fifth, four of five such changes went to
-- another page and touched every index, and after three rounds the table was larger than so.
alter table entity set (fillfactor = 55);
