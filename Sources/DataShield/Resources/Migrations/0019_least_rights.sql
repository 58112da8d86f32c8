-- No right beyond what is needed, for nobody.

-- By itself everybody who may connect to the server may look into the schema, and may run its functions. Its rights are the app's and
-- the system's alone.
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- A function that writes on behalf of the app is run by its trigger, which asks nobody's leave; by itself nobody may run it. Functions of
-- others that the schema has, such as a pooler's, are not ours to close.
DO $$
DECLARE
    function regprocedure;
BEGIN
    FOR function IN
        SELECT oid FROM pg_catalog.pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prosecdef AND proowner = 'datashield_system'::regrole
    LOOP
        SET LOCAL ROLE datashield_system;
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', function);
        RESET ROLE;
    END LOOP;
END
$$;
