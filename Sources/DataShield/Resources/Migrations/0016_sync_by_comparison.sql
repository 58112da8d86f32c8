-- A sync compares what is listed as it comes and keeps only who is different, in the worker: no listing is stored any more.
DROP TABLE directory_listings;

-- One sync at a time is the rule of sync_runs (one_sync_runs_at_a_time). Of jobs it was in the way: a run ends before its job does, and a sync
-- that was asked for in between got no job.
DROP INDEX one_sync_per_connection;
