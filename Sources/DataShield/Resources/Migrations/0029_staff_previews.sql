-- What a staff list would do, kept for an hour between the look at it and the button.

CREATE TABLE staff_previews (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    id cuid NOT NULL,
    -- who looks; nobody else sees it
    user_id cuid NOT NULL,
    -- sealed: how the list is called and what it would do, or did
    report bytea NOT NULL,
    -- of what is done about whom
    digest text NOT NULL,
    written_at timestamptz(3),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT staff_previews_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT staff_previews_go_with_their_user FOREIGN KEY (company_id, user_id) REFERENCES users ON DELETE CASCADE
);
CREATE INDEX staff_previews_by_user ON staff_previews (company_id, user_id);
CREATE INDEX staff_previews_by_age ON staff_previews (created_at);

-- The list itself, sealed, in pieces: it is sent once.
CREATE TABLE staff_preview_pieces (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    preview_id cuid NOT NULL,
    place integer NOT NULL,
    piece bytea NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT staff_preview_pieces_pkey PRIMARY KEY (company_id, preview_id, place),
    CONSTRAINT pieces_go_with_their_preview FOREIGN KEY (company_id, preview_id) REFERENCES staff_previews ON DELETE CASCADE
);

SELECT isolate_tenant_table(name::regclass) FROM unnest(ARRAY['staff_previews', 'staff_preview_pieces']) AS name;
GRANT SELECT, INSERT, DELETE ON staff_previews, staff_preview_pieces TO datashield_app;
GRANT UPDATE (report, digest, written_at) ON staff_previews TO datashield_app;
-- Clears away what is too old.
GRANT SELECT, DELETE ON staff_previews, staff_preview_pieces TO datashield_system;
