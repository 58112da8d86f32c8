-- A sync compares what is listed as it comes and keeps only who is different, in the worker: no listing is stored any more.
DROP TABLE directory_listings;

-- One sync at a time is the rule of sync_runs (one_sync_runs_at_a_time). Of jobs it was in the way: a run ends before its job does, and a sync
-- that was asked for in between got no job.
DROP INDEX one_sync_per_connection;

ALTER TABLE directory_connections
    -- The schedule leaves it alone until somebody has mended it: a wrong password that is tried again and again locks an account.
    ADD COLUMN is_sync_paused boolean NOT NULL DEFAULT false;
ALTER TABLE sync_runs
    -- of a run that was refused: how many would have gone
    ADD COLUMN departures integer,
    -- of a run that may let more than half go: how many at most; null for any number
    ADD COLUMN accepted_departures integer;
