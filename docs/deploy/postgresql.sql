-- A PostgreSQL of your own, 15 or newer: the database, its owner who migrates, and a role that serves, which may
-- only read and write. Run it once, as a superuser, with two passwords of letters and digits:
--
--     psql --set=owner_password=… --set=password=… --set=ON_ERROR_STOP=1 --file=postgresql.sql postgres

CREATE ROLE goalsvc_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE goalsvc LOGIN PASSWORD :'password';
CREATE DATABASE goalsvc OWNER goalsvc_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE goalsvc FROM PUBLIC;
GRANT CONNECT ON DATABASE goalsvc TO goalsvc;

\connect goalsvc
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO goalsvc;
-- For every table that a migration makes, now and later.
ALTER DEFAULT PRIVILEGES FOR ROLE goalsvc_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO goalsvc;
ALTER DEFAULT PRIVILEGES FOR ROLE goalsvc_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO goalsvc;
