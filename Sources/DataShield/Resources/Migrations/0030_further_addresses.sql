-- Addresses of people besides the one under which they stand on the staff list: aliases, former ones, names to sign in with, as their
-- directory tells them. They are watched as that one is, and what is found under them is the person's.
CREATE TABLE employee_addresses (
    company_id cuid NOT NULL,
    employee_id cuid NOT NULL,
    address email_address NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT employee_addresses_pkey PRIMARY KEY (company_id, employee_id, address),
    CONSTRAINT further_addresses_are_one_persons UNIQUE (company_id, address),
    CONSTRAINT further_addresses_go_with_their_employee
        FOREIGN KEY (company_id, employee_id) REFERENCES employees ON DELETE CASCADE
);
SELECT isolate_tenant_table('employee_addresses');
-- A further address comes and goes; it never becomes another.
GRANT SELECT, INSERT, DELETE ON employee_addresses TO datashield_app;
GRANT SELECT, DELETE ON employee_addresses TO datashield_system;

-- The address under which somebody active stands on the list is theirs alone: it is no further address of anybody.
CREATE FUNCTION take_address() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM employee_addresses WHERE company_id = NEW.company_id AND address = NEW.email;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION take_address() FROM PUBLIC;
CREATE TRIGGER take_moved_address AFTER UPDATE OF email, deactivated_at ON employees FOR EACH ROW
    WHEN (NEW.deactivated_at IS NULL AND (NEW.email <> OLD.email OR OLD.deactivated_at IS NOT NULL))
    EXECUTE FUNCTION take_address();

CREATE FUNCTION take_addresses() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM employee_addresses a USING added e
    WHERE a.company_id = e.company_id AND a.address = e.email AND e.deactivated_at IS NULL;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION take_addresses() FROM PUBLIC;
CREATE TRIGGER take_new_addresses AFTER INSERT ON employees REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION take_addresses();

-- Nobody was asked about a new address: what was answered about the person's others does not say that they are clean.
CREATE FUNCTION forget_coverage_of_address() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM provider_coverage c USING added a WHERE c.company_id = a.company_id AND c.employee_id = a.employee_id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION forget_coverage_of_address() FROM PUBLIC;
CREATE TRIGGER forget_coverage AFTER INSERT ON employee_addresses REFERENCING NEW TABLE AS added FOR EACH STATEMENT
    EXECUTE FUNCTION forget_coverage_of_address();
