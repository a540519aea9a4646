"""The universal design map on the staff face: corrections, photos, surveys that are overdue."""
