-- SCIM: the people and groups that a directory pushes, as it said them. The people are employees as well: employee_id says whose.

CREATE TABLE scim_resources (
    id cuid NOT NULL,
    company_id cuid NOT NULL,
    connection_id cuid NOT NULL,
    -- USER, GROUP. A text: the equality of texts may be asked of an index under row-level security.
    kind text COLLATE "C" NOT NULL,
    -- userName or displayName, folded by the program: case makes no difference, whatever the server's locale is
    name text COLLATE "C" NOT NULL,
    external_id text COLLATE "C",
    -- as the directory said it, and the same with texts folded: what filters and sorting look at
    body jsonb NOT NULL,
    search jsonb NOT NULL,
    -- the department that a person names, or that a group is
    department text,
    version bigint NOT NULL DEFAULT 1,
    -- the person on the staff list; null for a group, and for a person who could not be put on it
    employee_id cuid,
    -- why not
    problem text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT scim_resources_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT scim_resources_go_with_their_connection
        FOREIGN KEY (company_id, connection_id) REFERENCES directory_connections ON DELETE CASCADE,
    CONSTRAINT scim_resources_outlive_their_employee
        FOREIGN KEY (company_id, employee_id) REFERENCES employees ON DELETE SET NULL (employee_id),
    CONSTRAINT scim_kinds_are_known CHECK (kind IN ('USER', 'GROUP')),
    CONSTRAINT scim_groups_are_nobody CHECK (kind = 'USER' OR employee_id IS NULL),
    CONSTRAINT names_of_scim_resources_are_unique UNIQUE (company_id, connection_id, kind, name)
);
CREATE UNIQUE INDEX external_ids_of_scim_resources_are_unique ON scim_resources (company_id, connection_id, kind, external_id)
    WHERE external_id IS NOT NULL;
-- Lists are in the order of ids, which is that of making, by the primary key. An index of their own, with connection and kind before the id,
-- would be taken for look-ups by name as well for as long as the table has no statistics: in the minutes of a first push.
CREATE UNIQUE INDEX an_employee_is_one_scim_resource ON scim_resources (company_id, employee_id) WHERE employee_id IS NOT NULL;

-- The addresses of people, folded: a filter on emails is a look-up.
CREATE TABLE scim_addresses (
    company_id cuid NOT NULL,
    connection_id cuid NOT NULL,
    resource_id cuid NOT NULL,
    address text COLLATE "C" NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT scim_addresses_pkey PRIMARY KEY (company_id, resource_id, address),
    CONSTRAINT scim_addresses_go_with_their_resource
        FOREIGN KEY (company_id, resource_id) REFERENCES scim_resources ON DELETE CASCADE
);
CREATE INDEX scim_addresses_by_address ON scim_addresses (company_id, connection_id, address);

-- Who is in a group. A member is what the directory said it is: there may be no resource of that id.
CREATE TABLE scim_members (
    company_id cuid NOT NULL,
    group_id cuid NOT NULL,
    member_id text COLLATE "C" NOT NULL,
    -- members are shown in the order in which they came
    place bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    body jsonb NOT NULL,
    search jsonb NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT scim_members_pkey PRIMARY KEY (company_id, group_id, member_id),
    CONSTRAINT scim_members_go_with_their_group FOREIGN KEY (company_id, group_id) REFERENCES scim_resources ON DELETE CASCADE
);
CREATE INDEX scim_members_by_member ON scim_members (company_id, member_id, group_id);

SELECT keep_updated_at('scim_resources');
SELECT isolate_tenant_table(name::regclass) FROM unnest(ARRAY['scim_resources', 'scim_addresses', 'scim_members']) AS name;
GRANT SELECT, INSERT, UPDATE, DELETE ON scim_resources, scim_addresses, scim_members TO datashield_app, datashield_system;
