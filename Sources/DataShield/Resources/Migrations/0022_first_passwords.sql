-- A password that somebody else gave is good for a week. Of those that were given before this was kept nobody knows since when: they
-- have a week from now.
ALTER TABLE users ADD COLUMN password_given_at timestamptz(3) NOT NULL DEFAULT now();
