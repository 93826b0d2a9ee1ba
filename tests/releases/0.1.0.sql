


SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;


CREATE TYPE public.procrastinate_job_event_type AS ENUM (
    'deferred',
    'started',
    'deferred_for_retry',
    'failed',
    'succeeded',
    'cancelled',
    'abort_requested',
    'aborted',
    'scheduled',
    'retried'
);



CREATE TYPE public.procrastinate_job_status AS ENUM (
    'todo',
    'doing',
    'succeeded',
    'failed',
    'cancelled',
    'aborting',
    'aborted'
);



CREATE TYPE public.procrastinate_job_to_defer_v1 AS (
	queue_name character varying,
	task_name character varying,
	priority integer,
	lock text,
	queueing_lock text,
	args jsonb,
	scheduled_at timestamp with time zone
);



CREATE FUNCTION public.arrives_alone(organization uuid, visitor_id text, identity text, arrivals_lock bigint, identity_lock bigint, few_visitors bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
            DECLARE
                visitor uuid;
            BEGIN
                PERFORM pg_advisory_xact_lock_shared(arrivals_lock);
                visitor := (
                    SELECT v.id FROM matching_visitor AS v
                    WHERE v.organization_id = arrives_alone.organization
                      AND v.visitor_id = arrives_alone.visitor_id
                );
                IF identity IS NOT NULL THEN
                    PERFORM pg_advisory_xact_lock_shared(identity_lock);
                    IF few_visitors <= (
                        SELECT count(*) FROM (
                            SELECT FROM matching_visitoridentity AS i
                            WHERE i.organization_id = arrives_alone.organization
                              AND i.identity = arrives_alone.identity
                            LIMIT few_visitors
                        ) AS tied
                    ) AND NOT EXISTS (
                        SELECT FROM matching_visitoridentity AS i
                        WHERE i.organization_id = arrives_alone.organization
                          AND i.identity = arrives_alone.identity AND i.visitor_id = visitor
                    ) THEN
                        RETURN FALSE;
                    END IF;
                END IF;
                IF NOT EXISTS (
                    SELECT FROM matching_pendingmatch AS p
                    WHERE p.organization_id = arrives_alone.organization AND p.status = 'pending'
                ) THEN
                    RETURN TRUE;
                END IF;
                -- A session and an identity of one visitor wait for each other here, and see each other then.
                PERFORM FROM matching_visitor AS v
                WHERE v.organization_id = arrives_alone.organization AND v.id = visitor
                FOR NO KEY UPDATE;
                RETURN NOT EXISTS (
                    SELECT FROM (
                        SELECT arrives_alone.identity
                        UNION ALL
                        SELECT i.identity FROM matching_visitoridentity AS i
                        WHERE i.organization_id = arrives_alone.organization
                          AND i.visitor_id = visitor
                    ) AS carried (identity)
                    -- A look-up by the index for each (matching.visitors.lookups): a plan that was kept since the
                    -- tables were small would look through all for each.
                    CROSS JOIN LATERAL (
                        SELECT FROM matching_pendingmatch AS p
                        WHERE p.organization_id = arrives_alone.organization AND p.status = 'pending'
                          AND p.visitor_identity >= carried.identity AND p.visitor_identity <= carried.identity
                        ORDER BY p.visitor_identity, p.id
                        LIMIT 1
                    ) AS held
                );
            END
            $$;



CREATE FUNCTION public.give_way() RETURNS boolean
    LANGUAGE plpgsql
    AS $$
            BEGIN
                RAISE EXCEPTION 'another transaction wrote first' USING ERRCODE = 'serialization_failure';
            END
            $$;



CREATE FUNCTION public.history_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
            BEGIN
                RAISE EXCEPTION 'The history is append-only: no row of it is changed or deleted.'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'history_append_only';
            END
            $$;



CREATE FUNCTION public.is_held(organization uuid, goal uuid, external_id text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
            BEGIN
                RETURN EXISTS (
                    SELECT FROM matching_pendingmatch AS pending
                    WHERE pending.organization_id = is_held.organization AND pending.goal_id = is_held.goal
                      AND pending.external_id = is_held.external_id AND pending.status = 'pending'
                );
            END
            $$;



CREATE FUNCTION public.procrastinate_cancel_job_v1(job_id bigint, abort boolean, delete_job boolean) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status = 'todo'
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        IF abort THEN
            UPDATE procrastinate_jobs
            SET abort_requested = true,
                status = CASE status
                    WHEN 'todo' THEN 'cancelled'::procrastinate_job_status ELSE status
                END
            WHERE id = job_id AND status IN ('todo', 'doing')
            RETURNING id INTO _job_id;
        ELSE
            UPDATE procrastinate_jobs
            SET status = 'cancelled'::procrastinate_job_status
            WHERE id = job_id AND status = 'todo'
            RETURNING id INTO _job_id;
        END IF;
    END IF;
    RETURN _job_id;
END;
$$;



CREATE FUNCTION public.procrastinate_defer_jobs_v1(jobs public.procrastinate_job_to_defer_v1[]) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    job_ids bigint[];
BEGIN
    WITH inserted_jobs AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
        SELECT (job).queue_name,
               (job).task_name,
               (job).priority,
               (job).lock,
               (job).queueing_lock,
               (job).args,
               (job).scheduled_at
        FROM unnest(jobs) AS job
        RETURNING id
    )
    SELECT array_agg(id) FROM inserted_jobs INTO job_ids;

    RETURN job_ids;
END;
$$;



CREATE FUNCTION public.procrastinate_defer_periodic_job_v2(_queue_name character varying, _lock character varying, _queueing_lock character varying, _task_name character varying, _priority integer, _periodic_id character varying, _defer_timestamp bigint, _args jsonb) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
	_job_id bigint;
	_defer_id bigint;
BEGIN
    INSERT
        INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
        VALUES (_task_name, _periodic_id, _defer_timestamp)
        ON CONFLICT DO NOTHING
        RETURNING id into _defer_id;

    IF _defer_id IS NULL THEN
        RETURN NULL;
    END IF;

    UPDATE procrastinate_periodic_defers
        SET job_id = (
            SELECT COALESCE((
                SELECT unnest(procrastinate_defer_jobs_v1(
                    ARRAY[
                        ROW(
                            _queue_name,
                            _task_name,
                            _priority,
                            _lock,
                            _queueing_lock,
                            _args,
                            NULL::timestamptz
                        )
                    ]::procrastinate_job_to_defer_v1[]
                ))
            ), NULL)
        )
        WHERE id = _defer_id
        RETURNING job_id INTO _job_id;

    DELETE
        FROM procrastinate_periodic_defers
        USING (
            SELECT id
            FROM procrastinate_periodic_defers
            WHERE procrastinate_periodic_defers.task_name = _task_name
            AND procrastinate_periodic_defers.periodic_id = _periodic_id
            AND procrastinate_periodic_defers.defer_timestamp < _defer_timestamp
            ORDER BY id
            FOR UPDATE
        ) to_delete
        WHERE procrastinate_periodic_defers.id = to_delete.id;

    RETURN _job_id;
END;
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;


CREATE TABLE public.procrastinate_jobs (
    id bigint NOT NULL,
    queue_name character varying(128) NOT NULL,
    task_name character varying(128) NOT NULL,
    lock text,
    args jsonb DEFAULT '{}'::jsonb NOT NULL,
    status public.procrastinate_job_status DEFAULT 'todo'::public.procrastinate_job_status NOT NULL,
    scheduled_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    queueing_lock text,
    priority integer DEFAULT 0 NOT NULL,
    abort_requested boolean DEFAULT false NOT NULL,
    worker_id bigint,
    CONSTRAINT check_not_todo_abort_requested CHECK ((NOT ((status = 'todo'::public.procrastinate_job_status) AND (abort_requested = true))))
);



CREATE FUNCTION public.procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint) RETURNS public.procrastinate_jobs
    LANGUAGE plpgsql
    AS $$
DECLARE
	found_jobs procrastinate_jobs;
BEGIN
    WITH candidate AS (
        SELECT jobs.*
            FROM procrastinate_jobs AS jobs
            WHERE
                -- reject the job if its lock has earlier or higher priority jobs
                NOT EXISTS (
                    SELECT 1
                        FROM procrastinate_jobs AS other_jobs
                        WHERE
                            jobs.lock IS NOT NULL
                            AND other_jobs.lock = jobs.lock
                            AND (
                                -- job with same lock is already running
                                other_jobs.status = 'doing'
                                OR
                                -- job with same lock is waiting and has higher priority (or same priority but was queued first)
                                (
                                    other_jobs.status = 'todo'
                                    AND (
                                        other_jobs.priority > jobs.priority
                                        OR (
                                        other_jobs.priority = jobs.priority
                                        AND other_jobs.id < jobs.id
                                        )
                                    )
                                )
                            )
                )
                AND jobs.status = 'todo'
                AND (target_queue_names IS NULL OR jobs.queue_name = ANY( target_queue_names ))
                AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
            ORDER BY jobs.priority DESC, jobs.id ASC LIMIT 1
            FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE procrastinate_jobs
        SET status = 'doing', worker_id = p_worker_id
        FROM candidate
        WHERE procrastinate_jobs.id = candidate.id
        RETURNING procrastinate_jobs.* INTO found_jobs;

 RETURN found_jobs;
END;
$$;



CREATE FUNCTION public.procrastinate_finish_job_v1(job_id bigint, end_status public.procrastinate_job_status, delete_job boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF end_status NOT IN ('succeeded', 'failed', 'aborted') THEN
        RAISE 'End status should be either "succeeded", "failed" or "aborted" (job id: %)', job_id;
    END IF;
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = end_status,
            abort_requested = false,
            attempts = CASE status
                WHEN 'doing' THEN attempts + 1 ELSE attempts
            END
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" or "todo" status (job id: %)', job_id;
    END IF;
END;
$$;



CREATE FUNCTION public.procrastinate_notify_queue_abort_job_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'abort_job_requested', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;



CREATE FUNCTION public.procrastinate_notify_queue_job_inserted_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'job_inserted', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;



CREATE FUNCTION public.procrastinate_prune_stalled_workers_v1(seconds_since_heartbeat double precision) RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    DELETE FROM procrastinate_workers
    WHERE last_heartbeat < NOW() - (seconds_since_heartbeat || 'SECOND')::INTERVAL
    RETURNING procrastinate_workers.id;
END;
$$;



CREATE FUNCTION public.procrastinate_register_worker_v1() RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    INSERT INTO procrastinate_workers DEFAULT VALUES
    RETURNING procrastinate_workers.id;
END;
$$;



CREATE FUNCTION public.procrastinate_retry_job_v1(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
BEGIN
    SELECT abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status = 'doing'
    FOR UPDATE
    INTO _abort_requested;
    IF _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    END IF;

    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" status (job id: %)', job_id;
    END IF;
END;
$$;



CREATE FUNCTION public.procrastinate_retry_job_v2(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
    _current_status procrastinate_job_status;
BEGIN
    SELECT status, abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status IN ('doing', 'failed')
    FOR UPDATE
    INTO _current_status, _abort_requested;
    IF _current_status = 'doing' AND _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status IN ('doing', 'failed')
        RETURNING id INTO _job_id;
    END IF;

    IF _job_id IS NULL THEN
        RAISE 'Job was not found or has an invalid status to retry (job id: %)', job_id;
    END IF;

END;
$$;



CREATE FUNCTION public.procrastinate_trigger_abort_requested_events_procedure_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'abort_requested'::procrastinate_job_event_type);
    RETURN NEW;
END;
$$;



CREATE FUNCTION public.procrastinate_trigger_function_scheduled_events_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type, at)
        VALUES (NEW.id, 'scheduled'::procrastinate_job_event_type, NEW.scheduled_at);

	RETURN NEW;
END;
$$;



CREATE FUNCTION public.procrastinate_trigger_function_status_events_insert_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'deferred'::procrastinate_job_event_type);
	RETURN NEW;
END;
$$;



CREATE FUNCTION public.procrastinate_trigger_function_status_events_update_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    WITH t AS (
        SELECT CASE
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND NEW.status = 'doing'::procrastinate_job_status
                THEN 'started'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'deferred_for_retry'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'failed'::procrastinate_job_status
                THEN 'failed'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'succeeded'::procrastinate_job_status
                THEN 'succeeded'::procrastinate_job_event_type
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND (
                    NEW.status = 'cancelled'::procrastinate_job_status
                    OR NEW.status = 'failed'::procrastinate_job_status
                    OR NEW.status = 'succeeded'::procrastinate_job_status
                )
                THEN 'cancelled'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'aborted'::procrastinate_job_status
                THEN 'aborted'::procrastinate_job_event_type
            WHEN OLD.status = 'failed'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'retried'::procrastinate_job_event_type
            ELSE NULL
        END as event_type
    )
    INSERT INTO procrastinate_events(job_id, type)
        SELECT NEW.id, t.event_type
        FROM t
        WHERE t.event_type IS NOT NULL;
	RETURN NEW;
END;
$$;



CREATE FUNCTION public.procrastinate_unlink_periodic_defers_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_periodic_defers
    SET job_id = NULL
    WHERE job_id = OLD.id;
    RETURN OLD;
END;
$$;



CREATE FUNCTION public.procrastinate_unregister_worker_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM procrastinate_workers
    WHERE id = worker_id;
END;
$$;



CREATE FUNCTION public.procrastinate_update_heartbeat_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_workers
    SET last_heartbeat = NOW()
    WHERE id = worker_id;
END;
$$;



CREATE TABLE public.auth_group (
    id integer NOT NULL,
    name character varying(150) NOT NULL
);



ALTER TABLE public.auth_group ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE public.auth_group_permissions (
    id bigint NOT NULL,
    group_id integer NOT NULL,
    permission_id integer NOT NULL
);



ALTER TABLE public.auth_group_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE public.auth_permission (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    content_type_id integer NOT NULL,
    codename character varying(100) NOT NULL
);



ALTER TABLE public.auth_permission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_permission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE public.axes_accessattempt (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    get_data text NOT NULL,
    post_data text NOT NULL,
    failures_since_start integer NOT NULL,
    CONSTRAINT axes_accessattempt_failures_since_start_check CHECK ((failures_since_start >= 0))
);



ALTER TABLE public.axes_accessattempt ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.axes_accessattempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE public.axes_accessattemptexpiration (
    access_attempt_id integer NOT NULL,
    expires_at timestamp with time zone NOT NULL
);



CREATE TABLE public.axes_accessfailurelog (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    locked_out boolean NOT NULL
);



ALTER TABLE public.axes_accessfailurelog ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.axes_accessfailurelog_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE public.axes_accesslog (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    logout_time timestamp with time zone,
    session_hash character varying(64) NOT NULL
);



ALTER TABLE public.axes_accesslog ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.axes_accesslog_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE public.django_admin_log (
    id integer NOT NULL,
    action_time timestamp with time zone NOT NULL,
    object_id text,
    object_repr character varying(200) NOT NULL,
    action_flag smallint NOT NULL,
    change_message text NOT NULL,
    content_type_id integer,
    user_id uuid NOT NULL,
    CONSTRAINT django_admin_log_action_flag_check CHECK ((action_flag >= 0))
);



ALTER TABLE public.django_admin_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_admin_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE public.django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);



ALTER TABLE public.django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE public.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);



ALTER TABLE public.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE public.django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);



CREATE TABLE public.goals_goal (
    id uuid NOT NULL,
    name character varying(255) NOT NULL,
    is_any_room_allowed boolean NOT NULL,
    default_value numeric(14,2),
    conditions jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    created_by_id uuid,
    organization_id uuid NOT NULL,
    updated_by_id uuid,
    CONSTRAINT goal_conditions_is_array CHECK ((jsonb_typeof(conditions) = 'array'::text)),
    CONSTRAINT goal_name_not_empty CHECK ((NOT ((name)::text = ''::text))),
    CONSTRAINT goal_updated_after_created CHECK ((updated_at >= created_at))
);



CREATE TABLE public.goals_goalroom (
    id uuid NOT NULL,
    goal_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    room_id uuid NOT NULL
);



CREATE TABLE public.matching_chore (
    name character varying(32) NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    succeeded_at timestamp with time zone,
    outcome text NOT NULL,
    error character varying(200) NOT NULL
);



CREATE TABLE public.matching_externalmatch (
    id uuid NOT NULL,
    visitor_identity character varying(255),
    goal_matched_at timestamp with time zone NOT NULL,
    session_started_at timestamp with time zone NOT NULL,
    goal_value numeric(14,2),
    goal_value_source character varying(12) NOT NULL,
    room_ids uuid[] NOT NULL,
    unconnected_room_ids uuid[] NOT NULL,
    external_id character varying(255),
    request_digest bytea,
    created_at timestamp with time zone NOT NULL,
    retracted_at timestamp with time zone,
    retraction_reason character varying(500),
    created_by_id uuid,
    goal_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    retracted_by_id uuid,
    session_id uuid,
    CONSTRAINT match_after_session_start CHECK ((session_started_at < goal_matched_at)),
    CONSTRAINT match_external_id_has_digest CHECK ((((external_id IS NULL) AND (request_digest IS NULL)) OR ((external_id IS NOT NULL) AND (request_digest IS NOT NULL)))),
    CONSTRAINT match_external_id_not_empty CHECK ((NOT (((external_id)::text = ''::text) AND (external_id IS NOT NULL)))),
    CONSTRAINT match_has_connected_rooms CHECK ((
CASE
    WHEN (room_ids IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(room_ids, 1), 0)
END >= 1)),
    CONSTRAINT match_has_session_unless_erased CHECK (((session_id IS NOT NULL) OR (visitor_identity IS NULL))),
    CONSTRAINT match_identity_not_empty CHECK ((NOT (((visitor_identity)::text = ''::text) AND (visitor_identity IS NOT NULL)))),
    CONSTRAINT match_reason_is_of_retraction CHECK (((retraction_reason IS NULL) OR (retracted_at IS NOT NULL))),
    CONSTRAINT match_value_has_source CHECK ((((goal_value IS NOT NULL) AND ((goal_value_source)::text = ANY ((ARRAY['request'::character varying, 'goal_default'::character varying])::text[]))) OR ((goal_value IS NULL) AND ((goal_value_source)::text = 'none'::text))))
);



CREATE TABLE public.matching_idempotencykey (
    id uuid NOT NULL,
    endpoint character varying(128) NOT NULL,
    key character varying(255) NOT NULL,
    request_digest bytea NOT NULL,
    status_code smallint NOT NULL,
    body bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    organization_id uuid NOT NULL,
    CONSTRAINT matching_idempotencykey_status_code_check CHECK ((status_code >= 0))
);



CREATE TABLE public.matching_importrun (
    id uuid NOT NULL,
    kind character varying(8) NOT NULL,
    status character varying(9) NOT NULL,
    digest character varying(64) NOT NULL,
    filename character varying(255) NOT NULL,
    file character varying(100) NOT NULL,
    size bigint NOT NULL,
    options jsonb NOT NULL,
    rows_done bigint NOT NULL,
    rows_total bigint,
    results_bytes bigint NOT NULL,
    counts jsonb NOT NULL,
    unread_columns jsonb NOT NULL,
    remarks jsonb NOT NULL,
    error text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    created_by_id uuid,
    organization_id uuid NOT NULL,
    CONSTRAINT matching_importrun_results_bytes_check CHECK ((results_bytes >= 0)),
    CONSTRAINT matching_importrun_rows_done_check CHECK ((rows_done >= 0)),
    CONSTRAINT matching_importrun_rows_total_check CHECK ((rows_total >= 0)),
    CONSTRAINT matching_importrun_size_check CHECK ((size >= 0))
);



CREATE TABLE public.matching_matchattempt (
    id uuid NOT NULL,
    source character varying(6) NOT NULL,
    visitor_identity character varying(255),
    goal_matched_at timestamp with time zone,
    goal_value numeric(14,2),
    external_id character varying(255),
    code character varying(32) NOT NULL,
    detail text NOT NULL,
    errors jsonb,
    reason jsonb,
    request_id character varying(128),
    created_at timestamp with time zone NOT NULL,
    created_by_id uuid,
    goal_id uuid,
    organization_id uuid NOT NULL
);



CREATE TABLE public.matching_pendingmatch (
    id uuid NOT NULL,
    visitor_identity character varying(255) NOT NULL,
    goal_matched_at timestamp with time zone NOT NULL,
    goal_value numeric(14,2),
    room_ids uuid[] NOT NULL,
    external_id character varying(255),
    request_digest bytea,
    status character varying(9) NOT NULL,
    code character varying(32) NOT NULL,
    reason jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    created_by_id uuid,
    goal_id uuid NOT NULL,
    match_id uuid,
    organization_id uuid NOT NULL,
    CONSTRAINT pending_external_id_has_digest CHECK ((((external_id IS NULL) AND (request_digest IS NULL)) OR ((external_id IS NOT NULL) AND (request_digest IS NOT NULL)))),
    CONSTRAINT pending_resolution_fits_status CHECK ((((match_id IS NULL) AND (resolved_at IS NULL) AND ((status)::text = 'pending'::text)) OR ((match_id IS NULL) AND (resolved_at IS NOT NULL) AND ((status)::text = ANY ((ARRAY['expired'::character varying, 'cancelled'::character varying])::text[]))) OR ((match_id IS NOT NULL) AND (resolved_at IS NOT NULL) AND ((status)::text = 'matched'::text))))
);



CREATE TABLE public.matching_replaytally (
    id uuid NOT NULL,
    day date NOT NULL,
    count integer NOT NULL,
    goal_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    CONSTRAINT matching_replaytally_count_check CHECK ((count >= 0))
);



CREATE TABLE public.matching_visitor (
    id uuid NOT NULL,
    visitor_id character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    organization_id uuid NOT NULL,
    CONSTRAINT visitor_id_not_empty CHECK ((NOT ((visitor_id)::text = ''::text)))
);



CREATE TABLE public.matching_visitoridentity (
    id uuid NOT NULL,
    identity character varying(255) NOT NULL,
    visitor_session_id character varying(64),
    created_at timestamp with time zone NOT NULL,
    organization_id uuid NOT NULL,
    visitor_id uuid NOT NULL,
    CONSTRAINT visitor_identity_not_empty CHECK ((NOT ((identity)::text = ''::text))),
    CONSTRAINT visitor_identity_session_id CHECK ((NOT (((visitor_session_id)::text = ''::text) AND (visitor_session_id IS NOT NULL))))
);



CREATE TABLE public.matching_visitorsession (
    id uuid NOT NULL,
    visitor_session_id character varying(64) NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    room_ids uuid[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    organization_id uuid NOT NULL,
    visitor_id uuid NOT NULL,
    CONSTRAINT visitor_session_ends_after_start CHECK (((ended_at IS NULL) OR (ended_at >= started_at))),
    CONSTRAINT visitor_session_id_not_empty CHECK ((NOT ((visitor_session_id)::text = ''::text)))
);



CREATE TABLE public.orgs_apitoken (
    id uuid NOT NULL,
    description character varying(255) NOT NULL,
    prefix character varying(8) NOT NULL,
    digest character varying(64) NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    user_id uuid NOT NULL,
    CONSTRAINT api_token_digest CHECK (((digest)::text ~ '^[0-9a-f]{64}$'::text))
);



CREATE TABLE public.orgs_historyentry (
    id uuid NOT NULL,
    kind character varying(16) NOT NULL,
    object_id uuid,
    label character varying(255) NOT NULL,
    action character varying(9) NOT NULL,
    changes jsonb NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by_name character varying(254) NOT NULL,
    channel character varying(7) NOT NULL,
    request_id character varying(128),
    changed_by_id uuid,
    organization_id uuid,
    CONSTRAINT history_channel_known CHECK (((channel)::text = ANY ((ARRAY['api'::character varying, 'admin'::character varying, 'command'::character varying])::text[]))),
    CONSTRAINT history_kind_known CHECK (((kind)::text = ANY ((ARRAY['organization'::character varying, 'user'::character varying, 'room'::character varying, 'api_token'::character varying, 'goal'::character varying, 'match'::character varying, 'pending_match'::character varying, 'visitor_identity'::character varying, 'visitor_session'::character varying])::text[])))
);



CREATE TABLE public.orgs_organization (
    id uuid NOT NULL,
    name character varying(64) NOT NULL,
    subscription_expires_on date,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT organization_name_not_empty CHECK ((NOT ((name)::text = ''::text)))
);



CREATE UNLOGGED TABLE public.orgs_ratewindow (
    token_id uuid NOT NULL,
    started_at timestamp with time zone NOT NULL,
    requests integer NOT NULL,
    CONSTRAINT orgs_ratewindow_requests_check CHECK ((requests >= 0)),
    CONSTRAINT rate_window_has_requests CHECK ((requests >= 1))
);



CREATE TABLE public.orgs_room (
    id uuid NOT NULL,
    name character varying(255) NOT NULL,
    domain character varying(253),
    language_code character varying(16) NOT NULL,
    archived_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    organization_id uuid NOT NULL,
    CONSTRAINT room_domain_not_empty CHECK ((NOT (((domain)::text = ''::text) AND (domain IS NOT NULL)))),
    CONSTRAINT room_name_not_empty CHECK ((NOT ((name)::text = ''::text)))
);



CREATE TABLE public.orgs_user (
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    id uuid NOT NULL,
    email character varying(254) NOT NULL,
    first_name character varying(64) NOT NULL,
    last_name character varying(64) NOT NULL,
    scopes character varying(16)[] NOT NULL,
    is_bot boolean NOT NULL,
    is_active boolean NOT NULL,
    is_staff boolean NOT NULL,
    is_superuser boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    organization_id uuid,
    CONSTRAINT user_organization_unless_operator CHECK (((organization_id IS NOT NULL) OR is_superuser)),
    CONSTRAINT user_scopes_known CHECK ((scopes <@ ARRAY['settings'::character varying(16), 'reports'::character varying(16), 'users'::character varying(16)]))
);



CREATE TABLE public.procrastinate_events (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    type public.procrastinate_job_event_type,
    at timestamp with time zone DEFAULT now()
);



CREATE SEQUENCE public.procrastinate_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.procrastinate_events_id_seq OWNED BY public.procrastinate_events.id;



CREATE SEQUENCE public.procrastinate_jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.procrastinate_jobs_id_seq OWNED BY public.procrastinate_jobs.id;



CREATE TABLE public.procrastinate_periodic_defers (
    id bigint NOT NULL,
    task_name character varying(128) NOT NULL,
    defer_timestamp bigint,
    job_id bigint,
    periodic_id character varying(128) DEFAULT ''::character varying NOT NULL
);



CREATE SEQUENCE public.procrastinate_periodic_defers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.procrastinate_periodic_defers_id_seq OWNED BY public.procrastinate_periodic_defers.id;



CREATE TABLE public.procrastinate_workers (
    id bigint NOT NULL,
    last_heartbeat timestamp with time zone DEFAULT now() NOT NULL
);



ALTER TABLE public.procrastinate_workers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.procrastinate_workers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE public.replica_latestwrite (
    organization_id uuid NOT NULL,
    wrote_at timestamp with time zone NOT NULL
);



ALTER TABLE ONLY public.procrastinate_events ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_events_id_seq'::regclass);



ALTER TABLE ONLY public.procrastinate_jobs ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_jobs_id_seq'::regclass);



ALTER TABLE ONLY public.procrastinate_periodic_defers ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_periodic_defers_id_seq'::regclass);



COPY public.auth_group (id, name) FROM stdin;
\.



COPY public.auth_group_permissions (id, group_id, permission_id) FROM stdin;
\.



COPY public.auth_permission (id, name, content_type_id, codename) FROM stdin;
1	Can add user	1	add_user
2	Can change user	1	change_user
3	Can delete user	1	delete_user
4	Can view user	1	view_user
5	Can add API token	2	add_apitoken
6	Can change API token	2	change_apitoken
7	Can delete API token	2	delete_apitoken
8	Can view API token	2	view_apitoken
9	Can add organization	3	add_organization
10	Can change organization	3	change_organization
11	Can delete organization	3	delete_organization
12	Can view organization	3	view_organization
13	Can add history entry	4	add_historyentry
14	Can change history entry	4	change_historyentry
15	Can delete history entry	4	delete_historyentry
16	Can view history entry	4	view_historyentry
17	Can add room	5	add_room
18	Can change room	5	change_room
19	Can delete room	5	delete_room
20	Can view room	5	view_room
21	Can add rate window	6	add_ratewindow
22	Can change rate window	6	change_ratewindow
23	Can delete rate window	6	delete_ratewindow
24	Can view rate window	6	view_ratewindow
25	Can add log entry	7	add_logentry
26	Can change log entry	7	change_logentry
27	Can delete log entry	7	delete_logentry
28	Can view log entry	7	view_logentry
29	Can add permission	8	add_permission
30	Can change permission	8	change_permission
31	Can delete permission	8	delete_permission
32	Can view permission	8	view_permission
33	Can add group	9	add_group
34	Can change group	9	change_group
35	Can delete group	9	delete_group
36	Can view group	9	view_group
37	Can add content type	10	add_contenttype
38	Can change content type	10	change_contenttype
39	Can delete content type	10	delete_contenttype
40	Can view content type	10	view_contenttype
41	Can add session	11	add_session
42	Can change session	11	change_session
43	Can delete session	11	delete_session
44	Can view session	11	view_session
45	Can add access attempt	12	add_accessattempt
46	Can change access attempt	12	change_accessattempt
47	Can delete access attempt	12	delete_accessattempt
48	Can view access attempt	12	view_accessattempt
49	Can add access log	13	add_accesslog
50	Can change access log	13	change_accesslog
51	Can delete access log	13	delete_accesslog
52	Can view access log	13	view_accesslog
53	Can add access failure	14	add_accessfailurelog
54	Can change access failure	14	change_accessfailurelog
55	Can delete access failure	14	delete_accessfailurelog
56	Can view access failure	14	view_accessfailurelog
57	Can add access attempt expiration	15	add_accessattemptexpiration
58	Can change access attempt expiration	15	change_accessattemptexpiration
59	Can delete access attempt expiration	15	delete_accessattemptexpiration
60	Can view access attempt expiration	15	view_accessattemptexpiration
61	Can add latest write	16	add_latestwrite
62	Can change latest write	16	change_latestwrite
63	Can delete latest write	16	delete_latestwrite
64	Can view latest write	16	view_latestwrite
65	Can add procrastinate event	17	add_procrastinateevent
66	Can change procrastinate event	17	change_procrastinateevent
67	Can delete procrastinate event	17	delete_procrastinateevent
68	Can view procrastinate event	17	view_procrastinateevent
69	Can add procrastinate job	18	add_procrastinatejob
70	Can change procrastinate job	18	change_procrastinatejob
71	Can delete procrastinate job	18	delete_procrastinatejob
72	Can view procrastinate job	18	view_procrastinatejob
73	Can add procrastinate periodic defer	19	add_procrastinateperiodicdefer
74	Can change procrastinate periodic defer	19	change_procrastinateperiodicdefer
75	Can delete procrastinate periodic defer	19	delete_procrastinateperiodicdefer
76	Can view procrastinate periodic defer	19	view_procrastinateperiodicdefer
77	Can add procrastinate worker	20	add_procrastinateworker
78	Can change procrastinate worker	20	change_procrastinateworker
79	Can delete procrastinate worker	20	delete_procrastinateworker
80	Can view procrastinate worker	20	view_procrastinateworker
81	Can add goal	21	add_goal
82	Can change goal	21	change_goal
83	Can delete goal	21	delete_goal
84	Can view goal	21	view_goal
85	Can add allowed room	22	add_goalroom
86	Can change allowed room	22	change_goalroom
87	Can delete allowed room	22	delete_goalroom
88	Can view allowed room	22	view_goalroom
89	Can add chore	23	add_chore
90	Can change chore	23	change_chore
91	Can delete chore	23	delete_chore
92	Can view chore	23	view_chore
93	Can add visitor	24	add_visitor
94	Can change visitor	24	change_visitor
95	Can delete visitor	24	delete_visitor
96	Can view visitor	24	view_visitor
97	Can add visitor identity	25	add_visitoridentity
98	Can change visitor identity	25	change_visitoridentity
99	Can delete visitor identity	25	delete_visitoridentity
100	Can view visitor identity	25	view_visitoridentity
101	Can add visitor session	26	add_visitorsession
102	Can change visitor session	26	change_visitorsession
103	Can delete visitor session	26	delete_visitorsession
104	Can view visitor session	26	view_visitorsession
105	Can add match	27	add_externalmatch
106	Can change match	27	change_externalmatch
107	Can delete match	27	delete_externalmatch
108	Can view match	27	view_externalmatch
109	Can add idempotency key	28	add_idempotencykey
110	Can change idempotency key	28	change_idempotencykey
111	Can delete idempotency key	28	delete_idempotencykey
112	Can view idempotency key	28	view_idempotencykey
113	Can add import run	29	add_importrun
114	Can change import run	29	change_importrun
115	Can delete import run	29	delete_importrun
116	Can view import run	29	view_importrun
117	Can add refused attempt	30	add_matchattempt
118	Can change refused attempt	30	change_matchattempt
119	Can delete refused attempt	30	delete_matchattempt
120	Can view refused attempt	30	view_matchattempt
121	Can add held match	31	add_pendingmatch
122	Can change held match	31	change_pendingmatch
123	Can delete held match	31	delete_pendingmatch
124	Can view held match	31	view_pendingmatch
125	Can add replay tally	32	add_replaytally
126	Can change replay tally	32	change_replaytally
127	Can delete replay tally	32	delete_replaytally
128	Can view replay tally	32	view_replaytally
\.



COPY public.axes_accessattempt (id, user_agent, ip_address, username, http_accept, path_info, attempt_time, get_data, post_data, failures_since_start) FROM stdin;
\.



COPY public.axes_accessattemptexpiration (access_attempt_id, expires_at) FROM stdin;
\.



COPY public.axes_accessfailurelog (id, user_agent, ip_address, username, http_accept, path_info, attempt_time, locked_out) FROM stdin;
\.



COPY public.axes_accesslog (id, user_agent, ip_address, username, http_accept, path_info, attempt_time, logout_time, session_hash) FROM stdin;
\.



COPY public.django_admin_log (id, action_time, object_id, object_repr, action_flag, change_message, content_type_id, user_id) FROM stdin;
\.



COPY public.django_content_type (id, app_label, model) FROM stdin;
1	orgs	user
2	orgs	apitoken
3	orgs	organization
4	orgs	historyentry
5	orgs	room
6	orgs	ratewindow
7	admin	logentry
8	auth	permission
9	auth	group
10	contenttypes	contenttype
11	sessions	session
12	axes	accessattempt
13	axes	accesslog
14	axes	accessfailurelog
15	axes	accessattemptexpiration
16	replica	latestwrite
17	procrastinate	procrastinateevent
18	procrastinate	procrastinatejob
19	procrastinate	procrastinateperiodicdefer
20	procrastinate	procrastinateworker
21	goals	goal
22	goals	goalroom
23	matching	chore
24	matching	visitor
25	matching	visitoridentity
26	matching	visitorsession
27	matching	externalmatch
28	matching	idempotencykey
29	matching	importrun
30	matching	matchattempt
31	matching	pendingmatch
32	matching	replaytally
\.



COPY public.django_migrations (id, app, name, applied) FROM stdin;
1	procrastinate	0001_initial	2026-11-27 23:07:03.72944+00
2	procrastinate	0002_drop_started_at_column	2026-11-27 23:07:03.731357+00
3	procrastinate	0003_drop_started_at_column	2026-11-27 23:07:03.732412+00
4	procrastinate	0004_drop_procrastinate_version_table	2026-11-27 23:07:03.733711+00
5	procrastinate	0005_fix_procrastinate_fetch_job	2026-11-27 23:07:03.737233+00
6	procrastinate	0006_fix_trigger_status_events_insert	2026-11-27 23:07:03.738508+00
7	procrastinate	0007_add_queueing_lock_column	2026-11-27 23:07:03.739683+00
8	procrastinate	0008_close_fetch_job_race_condition	2026-11-27 23:07:03.741055+00
9	procrastinate	0009_add_defer_job_function	2026-11-27 23:07:03.742727+00
10	procrastinate	0010_add_procrastinate_periodic_defers	2026-11-27 23:07:03.744745+00
11	procrastinate	0011_add_foreign_key_index	2026-11-27 23:07:03.745828+00
12	procrastinate	0012_add_locks_to_periodic_defer	2026-11-27 23:07:03.747238+00
13	procrastinate	0013_fix_procrastinate_defer_periodic_job	2026-11-27 23:07:03.74863+00
14	procrastinate	0014_add_finish_job_and_retry_job_functions	2026-11-27 23:07:03.749324+00
15	procrastinate	0015_add_trigger_on_job_deletion	2026-11-27 23:07:03.749953+00
16	procrastinate	0016_delete_finished_jobs	2026-11-27 23:07:03.750558+00
17	procrastinate	0017_add_checks_to_finish_job	2026-11-27 23:07:03.751202+00
18	procrastinate	0018_add_checks_to_retry_job	2026-11-27 23:07:03.751735+00
19	procrastinate	0019_fix_finish_job_compat_issue	2026-11-27 23:07:03.752373+00
20	procrastinate	0020_add_index_on_procrastinate_jobs	2026-11-27 23:07:03.753164+00
21	procrastinate	0021_add_kwargs_to_defer_periodic_job	2026-11-27 23:07:03.754431+00
22	procrastinate	0022_null_locks_excluded	2026-11-27 23:07:03.756004+00
23	procrastinate	0023_remove_old_finish_job_function	2026-11-27 23:07:03.756926+00
24	procrastinate	0024_job_id_bigint	2026-11-27 23:07:03.759244+00
25	procrastinate	0025_add_models	2026-11-27 23:07:03.762215+00
26	procrastinate	0026_add_job_priority	2026-11-27 23:07:03.76413+00
27	procrastinate	0027_add_periodic_job_priority	2026-11-27 23:07:03.764907+00
28	procrastinate	0028_add_cancel_states	2026-11-27 23:07:03.768793+00
29	procrastinate	0029_add_additional_params_to_retry_job	2026-11-27 23:07:03.769921+00
30	procrastinate	0030_alter_procrastinateevent_options	2026-11-27 23:07:03.770854+00
31	procrastinate	0031_add_indexes_for_fetch_job	2026-11-27 23:07:03.772272+00
32	procrastinate	0032_pre_cancel_notification	2026-11-27 23:07:03.775371+00
33	procrastinate	0033_post_cancel_notification	2026-11-27 23:07:03.780054+00
34	procrastinate	0034_pre_add_heartbeat	2026-11-27 23:07:03.783995+00
35	procrastinate	0035_post_add_heartbeat	2026-11-27 23:07:03.785189+00
36	procrastinate	0036_add_worker_model	2026-11-27 23:07:03.78757+00
37	procrastinate	0037_pre_batch_defer_jobs	2026-11-27 23:07:03.78888+00
38	procrastinate	0038_post_batch_defer_jobs	2026-11-27 23:07:03.789739+00
39	procrastinate	0039_pre_priority_lock_fetch_job	2026-11-27 23:07:03.790665+00
40	procrastinate	0040_pre_retry_failed_job	2026-11-27 23:07:03.791551+00
41	procrastinate	0041_post_retry_failed_job	2026-11-27 23:07:03.792429+00
42	orgs	0001_initial	2026-11-27 23:07:03.868102+00
43	contenttypes	0001_initial	2026-11-27 23:07:03.871346+00
44	admin	0001_initial	2026-11-27 23:07:03.878448+00
45	admin	0002_logentry_remove_auto_add	2026-11-27 23:07:03.884444+00
46	admin	0003_logentry_add_action_flag_choices	2026-11-27 23:07:03.887605+00
47	contenttypes	0002_remove_content_type_name	2026-11-27 23:07:03.894881+00
48	auth	0001_initial	2026-11-27 23:07:03.913942+00
49	auth	0002_alter_permission_name_max_length	2026-11-27 23:07:03.919596+00
50	auth	0003_alter_user_email_max_length	2026-11-27 23:07:03.925416+00
51	auth	0004_alter_user_username_opts	2026-11-27 23:07:03.928361+00
52	auth	0005_alter_user_last_login_null	2026-11-27 23:07:03.930517+00
53	auth	0006_require_contenttypes_0002	2026-11-27 23:07:03.93096+00
54	auth	0007_alter_validators_add_error_messages	2026-11-27 23:07:03.932875+00
55	auth	0008_alter_user_username_max_length	2026-11-27 23:07:03.934841+00
56	auth	0009_alter_user_last_name_max_length	2026-11-27 23:07:03.936846+00
57	auth	0010_alter_group_name_max_length	2026-11-27 23:07:03.942014+00
58	auth	0011_update_proxy_permissions	2026-11-27 23:07:03.947252+00
59	auth	0012_alter_user_first_name_max_length	2026-11-27 23:07:03.94999+00
60	axes	0001_initial	2026-11-27 23:07:03.954125+00
61	axes	0002_auto_20151217_2044	2026-11-27 23:07:03.963647+00
62	axes	0003_auto_20160322_0929	2026-11-27 23:07:03.971291+00
63	axes	0004_auto_20181024_1538	2026-11-27 23:07:03.976568+00
64	axes	0005_remove_accessattempt_trusted	2026-11-27 23:07:03.97824+00
65	axes	0006_remove_accesslog_trusted	2026-11-27 23:07:03.979517+00
66	axes	0007_alter_accessattempt_unique_together	2026-11-27 23:07:03.990026+00
67	axes	0008_accessfailurelog	2026-11-27 23:07:03.994589+00
68	axes	0009_add_session_hash	2026-11-27 23:07:03.996956+00
69	axes	0010_accessattemptexpiration	2026-11-27 23:07:04.000402+00
70	goals	0001_initial	2026-11-27 23:07:04.044226+00
71	matching	0001_initial	2026-11-27 23:07:04.472885+00
72	replica	0001_initial	2026-11-27 23:07:04.475098+00
73	sessions	0001_initial	2026-11-27 23:07:04.478176+00
\.



COPY public.django_session (session_key, session_data, expire_date) FROM stdin;
\.



COPY public.goals_goal (id, name, is_any_room_allowed, default_value, conditions, created_at, updated_at, deleted_at, created_by_id, organization_id, updated_by_id) FROM stdin;
b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	Bought in the shop	t	14.15	[]	2026-01-01 00:00:00+00	2026-01-01 00:00:00+00	\N	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef	c29fd155-8581-5ddc-bc12-a846f10333bc	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef
158bfc3b-e25e-5678-9b12-4c03b7cc7082	User sent a lead	f	\N	[{"type": 27, "value": "", "negate": false, "settings": {}}]	2026-01-02 00:00:00+00	2026-01-02 00:00:00+00	\N	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef	c29fd155-8581-5ddc-bc12-a846f10333bc	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef
16e5a2d9-96c2-5a9e-bed2-3f608e146cef	Picked up in the store	t	\N	[]	2026-01-03 00:00:00+00	2026-01-03 00:00:00+00	\N	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef	c29fd155-8581-5ddc-bc12-a846f10333bc	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef
cee1e117-6657-5672-87fd-5baada3c16ac	Signed a contract	t	\N	[]	2026-01-04 00:00:00+00	2026-01-04 00:00:00+00	\N	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef	c29fd155-8581-5ddc-bc12-a846f10333bc	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef
85691ce2-2e93-55bd-a701-94d80945b7b3	Another organization's goal	t	\N	[]	2026-01-01 00:00:00+00	2026-01-01 00:00:00+00	\N	742d3852-f7ab-5e2d-800f-a8c18c572465	73594217-0039-50b0-b5b6-8c4f78c402a0	742d3852-f7ab-5e2d-800f-a8c18c572465
\.



COPY public.goals_goalroom (id, goal_id, organization_id, room_id) FROM stdin;
01a21f43-2c6d-7460-89da-1c2067b399c9	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc	22d14351-9d79-5e20-8dd7-2c62f65fbef8
\.



COPY public.matching_chore (name, started_at, finished_at, succeeded_at, outcome, error) FROM stdin;
\.



COPY public.matching_externalmatch (id, visitor_identity, goal_matched_at, session_started_at, goal_value, goal_value_source, room_ids, unconnected_room_ids, external_id, request_digest, created_at, retracted_at, retraction_reason, created_by_id, goal_id, organization_id, retracted_by_id, session_id) FROM stdin;
01a216bb-c979-76c2-a956-2e13780fb182	customer-9945009	2026-11-26 07:22:09.305258+00	2026-11-25 16:44:13.354+00	28.50	request	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{69fbff33-9bcd-565a-8eb5-debf5debdb61,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	till-261125-009-0	\\x7eb2adf15ecaf5534e9c87c82d5b5eac	2026-11-26 07:22:15.289329+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21397-f092-7f89-a84b-aa1a76a7f489
01a216cc-9565-72d1-b2a7-6104ff6acd89	customer-9945021	2026-11-26 07:39:56.332071+00	2026-11-25 13:23:32.31+00	168.90	request	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	till-261125-021-0	\\xebd6b11831cc9ca812f72df8a146a53c	2026-11-26 07:40:36.069206+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a212e0-353e-7ebe-bcff-5a49e7602c13
01a216d8-2c8f-7e5a-be07-7ddc93f23f70	customer-9945037	2026-11-26 07:52:42.655866+00	2026-11-25 17:56:00.504+00	125.00	request	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{69fbff33-9bcd-565a-8eb5-debf5debdb61,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	till-261125-037-0	\\x33b463a32080a063b56fce9a27005b4a	2026-11-26 07:53:15.663499+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a213d9-a960-77ab-aed2-8b5d6ee6de84
01a21735-a2ee-7a09-84b0-b5bf677aafe4	customer-9946018	2026-11-26 09:35:03.885911+00	2026-11-26 09:13:45.032+00	\N	none	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{}	lead-261126-018-0	\\x5a88710e77d6d65ca5aae413abc5ea47	2026-11-26 09:35:20.814032+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21721-e130-731b-a5b9-6815429ad298
01a21754-c0e8-7202-951b-ac9f8baf3eb1	customer-9946011	2026-11-26 10:08:58.479958+00	2026-11-26 08:54:30.898+00	\N	none	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{}	lead-261126-011-0	\\xe711c94e1b6ad6fb8cc7e541fc586a5a	2026-11-26 10:09:20.104694+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21710-44da-7a6b-8961-253ec6bb8071
01a2179b-1a90-75b7-aad2-9ce14bd85d46	customer-9945022	2026-11-26 11:26:03.981124+00	2026-11-26 10:23:03.634+00	36.95	request	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{69fbff33-9bcd-565a-8eb5-debf5debdb61,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	till-261125-022-0	\\x29e849836d71f4d3727a6f0d2df05348	2026-11-26 11:26:10.576631+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21761-55ba-796c-bb89-a9ab1361eb5f
01a217a4-5f90-7d43-bbe3-36afc1200d8f	customer-9945022	2026-11-26 11:35:46.628226+00	2026-11-26 10:23:03.634+00	\N	none	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{}	lead-261125-022-1	\\xc163ca28824ad965e960ac4fd342ffe3	2026-11-26 11:36:18.06434+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21761-55ba-796c-bb89-a9ab1361eb5f
01a21894-27aa-7c6b-b76d-a160c635441e	customer-9946004	2026-11-26 15:57:36.23132+00	2026-11-26 14:44:47.923+00	\N	none	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{}	lead-261126-004-0	\\x640ad1f81c9e2f0c59f76ed8aa3e4925	2026-11-26 15:58:12.394495+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21850-f69b-79c1-abce-ff86c6f12d86
01a21898-3980-7ca1-976f-f80a91632c48	customer-9946035	2026-11-26 16:02:32.107664+00	2026-11-26 08:56:53.344+00	51.50	request	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{69fbff33-9bcd-565a-8eb5-debf5debdb61,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	till-261126-035-0	\\xd7c142554a39d96b5fae0899d49b604b	2026-11-26 16:02:39.104836+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21712-7148-7bb0-baa0-26290edee88e
01a218f6-abcf-785b-8952-9e8a7a3dae92	customer-9946016	2026-11-26 17:45:25.273681+00	2026-11-26 07:11:11.139+00	230.95	request	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,69fbff33-9bcd-565a-8eb5-debf5debdb61}	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	till-261126-016-0	\\xe13371abd8eab39ab4d3bbd41811ff0f	2026-11-26 17:45:48.751269+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a216b1-ab0b-76f0-a33a-0a4ac3854db8
01a21935-1d63-7c46-b6cb-0fb9f181285e	customer-9946020	2026-11-26 18:53:58.201051+00	2026-11-26 17:19:41.131+00	\N	none	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{}	lead-261126-020-0	\\x66cc585a392289e354c263953c045397	2026-11-26 18:54:01.059192+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a218de-c433-72fc-a862-e632a9687262
01a21bd8-052c-7c43-bd91-563f7fc5410d	customer-9946015	2026-11-27 07:10:59.716173+00	2026-11-26 18:29:41.017+00	132.00	request	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	till-261126-015-0	\\x71ea7c93594d587871a4a27b711caaaf	2026-11-27 07:11:11.660333+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a2191e-da01-7613-88d8-a47e3dd1063e
01a21bf9-d8ca-7e0f-8a1b-46562ce62f20	customer-9946040	2026-11-27 07:47:18.830043+00	2026-11-26 19:39:59.579+00	131.95	request	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{69fbff33-9bcd-565a-8eb5-debf5debdb61,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	till-261126-040-0	\\xfd73c45ce5de79287f6d791b2cd9d49d	2026-11-27 07:48:08.522078+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a2195f-38c3-7b98-8871-7d1ab6952b50
01a21c48-90f9-7013-82e0-c66451c882f9	customer-9947050	2026-11-27 09:14:06.39266+00	2026-11-27 07:04:22.946+00	\N	none	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{}	lead-261127-050-0	\\x208d5ec179658cec90c530ef447825f5	2026-11-27 09:14:07.481254+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21bd1-cc8a-7d3b-81a8-82703f57ab93
01a21cc0-f644-7380-9836-baf3401f9993	customer-9946004	2026-11-27 11:25:06.952927+00	2026-11-27 05:40:41.893+00	219.90	request	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,69fbff33-9bcd-565a-8eb5-debf5debdb61}	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	till-261126-004-1	\\x5fc4dc1f2a6d31f8f91a8e052233190f	2026-11-27 11:25:37.73261+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21b85-2f0d-71d0-be44-7bb2907bd672
01a21d19-f48f-72d7-bedb-65286302c94f	customer-9947049	2026-11-27 13:02:21.82156+00	2026-11-27 12:55:58.562+00	\N	none	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{}	lead-261127-049-0	\\x36e8d7c9542cf38ff9d941364de01c44	2026-11-27 13:02:49.99969+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21d13-b14a-7376-9097-2b3b717e5448
01a21d27-52df-7d2a-ba6d-01cc2f0a7b4f	customer-9947010	2026-11-27 13:17:24.375276+00	2026-11-27 11:16:14.48+00	\N	none	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{}	lead-261127-010-0	\\x3cff465b4323f2f8e7ff9d6241d0dbea	2026-11-27 13:17:26.111405+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21cb8-61f8-7dec-ae9f-069def35cdf3
01a21dd7-1b1c-7298-a10d-433ce06e0fc0	customer-9946028	2026-11-27 07:08:25.356776+00	2026-11-26 19:33:52.449+00	50.00	request	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{69fbff33-9bcd-565a-8eb5-debf5debdb61,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	till-261126-028-0	\\x9feef208c9c2311a33416e50e7ba9e28	2026-11-27 16:29:26.172193+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21959-9ea9-7114-9dab-199ac813d958
01a21ea2-5e19-7656-881d-a970659b1ee9	customer-9947027	2026-11-27 20:10:57.45368+00	2026-11-27 18:20:15.345+00	\N	none	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{}	lead-261127-027-0	\\x27b174fadb8573d9c63323664a33cf80	2026-11-27 20:11:27.129853+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a21e3c-9459-789e-b285-c2a13ead0fb2
01a21e82-f37a-739d-85a2-83516c944825	customer-9946013	2026-11-26 10:47:30.78384+00	2026-11-26 08:26:56.972+00	\N	none	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{}	lead-261126-013-0	\\x712fde5809b78115a0fdde7ad7485ee6	2026-11-27 19:37:08.218255+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a216f7-0834-70a2-9652-4f7c67e0acf9
01a21f1e-e307-77b9-95f7-5e3dd6ef580c	customer-9945015	2026-11-26 20:02:10.730991+00	2026-11-26 19:57:32.61+00	\N	none	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	{}	lead-261125-015-1	\\x5e350667f9aaa5e173cd6c1561560767	2026-11-27 22:27:27.62398+00	\N	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc	\N	01a2196f-4a2a-7fe5-b31a-8d42b7cc522d
\.



COPY public.matching_idempotencykey (id, endpoint, key, request_digest, status_code, body, created_at, organization_id) FROM stdin;
\.



COPY public.matching_importrun (id, kind, status, digest, filename, file, size, options, rows_done, rows_total, results_bytes, counts, unread_columns, remarks, error, created_at, started_at, finished_at, created_by_id, organization_id) FROM stdin;
\.



COPY public.matching_matchattempt (id, source, visitor_identity, goal_matched_at, goal_value, external_id, code, detail, errors, reason, request_id, created_at, created_by_id, goal_id, organization_id) FROM stdin;
01a20e0b-6d80-7dbb-8711-dea8071dc04e	single	customer-9944022	2026-11-24 14:52:32.698887+00	\N	lead-261124-022-0	no_connected_rooms	The latest session before goal_matched_at was in none of the rooms that count.	\N	{"message": "The chosen session was in none of the posted rooms that the goal allows.", "visitor_id": "phone-261124-022", "posted_rooms": ["22d14351-9d79-5e20-8dd7-2c62f65fbef8"], "allowed_rooms": ["22d14351-9d79-5e20-8dd7-2c62f65fbef8"], "session_rooms": ["4ccb7204-aaa0-5ea8-a2ac-7dde942299fa"], "session_started_at": "2026-11-24T13:49:56.794Z", "visitor_session_id": "phone-261124-022-0", "is_any_room_allowed": false}	01a20e0b-6d80-7dbb-8711-dea8071dc04e	2026-11-24 14:52:39.680796+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc
01a211ab-7f2b-7c50-b1d6-7141901172bf	single	card-295400008	2026-11-25 07:45:38.505436+00	43.95	till-261124-042-x	session_not_found	No session of this visitor identity started before goal_matched_at.	\N	{"message": "The identity is unknown: it has not been submitted for any visitor yet.", "visitor_count": 0, "is_identity_known": false, "time_zone_slip_hours": null, "next_session_started_at": null, "earliest_session_started_at": null, "next_session_starts_after_seconds": null}	01a211ab-7f2b-7c50-b1d6-7141901172bf	2026-11-25 07:46:21.611602+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2135d-60ba-783d-848c-be3a20169cab	single	card-339257791	2026-11-25 15:39:33.280407+00	80.90	till-261125-020-x	session_not_found	No session of this visitor identity started before goal_matched_at.	\N	{"message": "The identity is unknown: it has not been submitted for any visitor yet.", "visitor_count": 0, "is_identity_known": false, "time_zone_slip_hours": null, "next_session_started_at": null, "earliest_session_started_at": null, "next_session_starts_after_seconds": null}	01a2135d-60ba-783d-848c-be3a20169cab	2026-11-25 15:40:16.442555+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21385-7c25-779c-b23c-c9d8bcb95b40	single	card-420124963	2026-11-25 16:23:39.746188+00	196.00	till-261125-033-x	session_not_found	No session of this visitor identity started before goal_matched_at.	\N	{"message": "The identity is unknown: it has not been submitted for any visitor yet.", "visitor_count": 0, "is_identity_known": false, "time_zone_slip_hours": null, "next_session_started_at": null, "earliest_session_started_at": null, "next_session_starts_after_seconds": null}	01a21385-7c25-779c-b23c-c9d8bcb95b40	2026-11-25 16:24:04.901507+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc
01a216b0-fb36-7721-bdce-7c363390576e	single	card-959369340	2026-11-26 07:10:18.688112+00	149.00	till-261125-007-x	session_not_found	No session of this visitor identity started before goal_matched_at.	\N	{"message": "The identity is unknown: it has not been submitted for any visitor yet.", "visitor_count": 0, "is_identity_known": false, "time_zone_slip_hours": null, "next_session_started_at": null, "earliest_session_started_at": null, "next_session_starts_after_seconds": null}	01a216b0-fb36-7721-bdce-7c363390576e	2026-11-26 07:10:27.126048+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc
01a216b7-9db9-7434-a029-fbe1732f0c85	single	card-221942620	2026-11-26 07:17:27.060383+00	170.50	till-261124-039-x	session_not_found	No session of this visitor identity started before goal_matched_at.	\N	{"message": "The identity is unknown: it has not been submitted for any visitor yet.", "visitor_count": 0, "is_identity_known": false, "time_zone_slip_hours": null, "next_session_started_at": null, "earliest_session_started_at": null, "next_session_starts_after_seconds": null}	01a216b7-9db9-7434-a029-fbe1732f0c85	2026-11-26 07:17:41.945263+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc
01a218a1-1785-7b2c-833e-df1fb273785a	single	customer-9946021	2026-11-26 16:12:06.339295+00	\N	lead-261126-021-0	no_connected_rooms	The latest session before goal_matched_at was in none of the rooms that count.	\N	{"message": "The chosen session was in none of the posted rooms that the goal allows.", "visitor_id": "phone-261126-021", "posted_rooms": ["22d14351-9d79-5e20-8dd7-2c62f65fbef8"], "allowed_rooms": ["22d14351-9d79-5e20-8dd7-2c62f65fbef8"], "session_rooms": ["4ccb7204-aaa0-5ea8-a2ac-7dde942299fa"], "session_started_at": "2026-11-26T12:51:00.050Z", "visitor_session_id": "phone-261126-021-0", "is_any_room_allowed": false}	01a218a1-1785-7b2c-833e-df1fb273785a	2026-11-26 16:12:20.22978+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	c29fd155-8581-5ddc-bc12-a846f10333bc
01a218a3-19fc-7b72-a11d-f30ab797282c	single	card-909658644	2026-11-26 16:13:42.447147+00	45.90	till-261126-026-x	session_not_found	No session of this visitor identity started before goal_matched_at.	\N	{"message": "The identity is unknown: it has not been submitted for any visitor yet.", "visitor_count": 0, "is_identity_known": false, "time_zone_slip_hours": null, "next_session_started_at": null, "earliest_session_started_at": null, "next_session_starts_after_seconds": null}	01a218a3-19fc-7b72-a11d-f30ab797282c	2026-11-26 16:14:31.93285+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21bd6-107e-7281-b7fe-9cd95f62f208	single	customer-9946028	2026-11-26 14:33:52.449+00	50.00	till-261126-028-0	session_not_found	No session of this visitor identity started before goal_matched_at.	\N	{"message": "The first session began exactly 5 hours after goal_matched_at: perhaps a local time was sent as UTC.", "visitor_count": 1, "is_identity_known": true, "time_zone_slip_hours": 5, "next_session_started_at": "2026-11-26T19:33:52.449Z", "earliest_session_started_at": "2026-11-26T19:33:52.449Z", "next_session_starts_after_seconds": 18000.0}	01a21bd6-107e-7281-b7fe-9cd95f62f208	2026-11-27 07:09:03.486071+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21bf1-cb33-776d-a7c9-f1b37b9c3345	single	card-438218952	2026-11-27 07:39:13.382373+00	52.90	till-261126-022-x	session_not_found	No session of this visitor identity started before goal_matched_at.	\N	{"message": "The identity is unknown: it has not been submitted for any visitor yet.", "visitor_count": 0, "is_identity_known": false, "time_zone_slip_hours": null, "next_session_started_at": null, "earliest_session_started_at": null, "next_session_starts_after_seconds": null}	01a21bf1-cb33-776d-a7c9-f1b37b9c3345	2026-11-27 07:39:20.755856+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc
01a217e6-8a56-7a90-8164-97db130c3b69	single	customer-9945022	2026-11-26 11:26:03.981124+00	46.95	till-261125-022-0	external_id_conflict	This external_id already stands for a different match of the goal.	\N	{"message": "It stands for a match in which goal_value differs. PATCH …/matches/<match_id> corrects its value; another event needs another external_id.", "match_id": "01a2179b-1a90-75b7-aad2-9ce14bd85d46", "differing_attributes": ["goal_value"]}	01a217e6-8a56-7a90-8164-97db130c3b69	2026-11-26 12:48:34.390671+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	c29fd155-8581-5ddc-bc12-a846f10333bc
\.



COPY public.matching_pendingmatch (id, visitor_identity, goal_matched_at, goal_value, room_ids, external_id, request_digest, status, code, reason, created_at, expires_at, resolved_at, created_by_id, goal_id, match_id, organization_id) FROM stdin;
01a21778-1d96-74fa-b009-87c90eb80596	customer-9946013	2026-11-26 10:47:30.78384+00	\N	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	lead-261126-013-0	\\x712fde5809b78115a0fdde7ad7485ee6	matched	session_not_found	{"message": "The identity is unknown: it has not been submitted for any visitor yet.", "visitor_count": 0, "is_identity_known": false, "time_zone_slip_hours": null, "next_session_started_at": null, "earliest_session_started_at": null, "next_session_starts_after_seconds": null}	2026-11-26 10:47:57.59033+00	2026-12-26 10:47:57.59033+00	2026-11-27 19:37:08.218255+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	01a21e82-f37a-739d-85a2-83516c944825	c29fd155-8581-5ddc-bc12-a846f10333bc
01a218f8-7581-7968-82ff-f3d8cb854115	customer-9946033	2026-11-26 17:47:02.859639+00	135.50	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,69fbff33-9bcd-565a-8eb5-debf5debdb61,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	till-261126-033-0	\\x03e4bdd0542f0e68e13e253d14eef1dd	pending	session_not_found	{"message": "The identity is unknown: it has not been submitted for any visitor yet.", "visitor_count": 0, "is_identity_known": false, "time_zone_slip_hours": null, "next_session_started_at": null, "earliest_session_started_at": null, "next_session_starts_after_seconds": null}	2026-11-26 17:47:45.921334+00	2026-12-26 17:47:45.921334+00	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	\N	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21973-a722-792c-804b-77774cdda8f5	customer-9945015	2026-11-26 20:02:10.730991+00	\N	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	lead-261125-015-1	\\x5e350667f9aaa5e173cd6c1561560767	matched	session_not_found	{"message": "The identity is unknown: it has not been submitted for any visitor yet.", "visitor_count": 0, "is_identity_known": false, "time_zone_slip_hours": null, "next_session_started_at": null, "earliest_session_started_at": null, "next_session_starts_after_seconds": null}	2026-11-26 20:02:19.554706+00	2026-12-26 20:02:19.554706+00	2026-11-27 22:27:27.62398+00	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	01a21f1e-e307-77b9-95f7-5e3dd6ef580c	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21c03-71db-7ba5-b488-e0bf74ca581e	customer-9946003	2026-11-27 07:58:28.531587+00	52.50	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	till-261126-003-0	\\x910ec81b604c598df19af761e25e5d41	pending	session_not_found	{"message": "The identity is unknown: it has not been submitted for any visitor yet.", "visitor_count": 0, "is_identity_known": false, "time_zone_slip_hours": null, "next_session_started_at": null, "earliest_session_started_at": null, "next_session_starts_after_seconds": null}	2026-11-27 07:58:37.531206+00	2026-12-27 07:58:37.531206+00	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	\N	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21ed5-e9a8-7ad4-ae23-3e385f9f4687	customer-9946014	2026-11-27 21:07:17.168451+00	\N	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	lead-261126-014-1	\\x91a8f52870c01705eb67380fd221705c	pending	session_not_found	{"message": "The identity is unknown: it has not been submitted for any visitor yet.", "visitor_count": 0, "is_identity_known": false, "time_zone_slip_hours": null, "next_session_started_at": null, "earliest_session_started_at": null, "next_session_starts_after_seconds": null}	2026-11-27 21:07:45.192132+00	2026-12-27 21:07:45.192132+00	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	158bfc3b-e25e-5678-9b12-4c03b7cc7082	\N	c29fd155-8581-5ddc-bc12-a846f10333bc
\.



COPY public.matching_replaytally (id, day, count, goal_id, organization_id) FROM stdin;
\.



COPY public.matching_visitor (id, visitor_id, created_at, organization_id) FROM stdin;
01a21f43-2c72-73f1-9b77-6e58628fde02	demo-laptop	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21f43-2c72-73f1-9b77-6e57776cafb4	demo-phone	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21f43-2c72-73f1-9b77-6e594695713c	demo-visitor-2	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21f43-2c72-73f1-9b77-6e5a77644c0f	demo-visitor-3	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20e85-2360-7989-9372-d6d7511f9a12	phone-261124-000	2026-11-24 17:05:36.096+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20f0c-1d4e-7377-afe8-c418abe819a6	laptop-261124-001	2026-11-24 19:33:01.902+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20f5f-25d1-76c1-bb42-53ea6036583b	phone-261124-002	2026-11-24 21:03:43.569+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2153c-d1b4-72bb-8709-66532da6b4a9	laptop-261124-002	2026-11-26 00:23:57.108+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20d84-cbd0-7eba-9405-15bee78b01f4	phone-261124-003	2026-11-24 12:25:36.464+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20f3a-b56a-77f1-bea2-bccaf5face90	laptop-261124-004	2026-11-24 20:23:55.498+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20d35-fb73-7b40-a982-54b76afe41b1	laptop-261124-005	2026-11-24 10:59:31.315+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20c96-2ae2-7d77-b8b9-a509ad01adda	laptop-261124-006	2026-11-24 08:04:57.698+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20ce8-e525-7cf4-8439-ecf40a04c59e	laptop-261124-007	2026-11-24 09:35:19.333+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20f3d-677f-76df-a0c7-491fed46c78e	phone-261124-008	2026-11-24 20:26:52.159+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20f30-8f3a-78dc-8686-45cde89e0888	laptop-261124-009	2026-11-24 20:12:50.362+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20e55-b2fc-7066-a4b8-046a56bfeaa5	phone-261124-010	2026-11-24 16:13:47.132+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20ae7-9752-7b9c-b1b9-a367d04b10dc	phone-261124-011	2026-11-24 00:14:39.442+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20f3c-56fb-78a5-b01e-796a75e36057	phone-261124-012	2026-11-24 20:25:42.395+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20f64-5b0b-7ac1-a980-27538ae3405f	phone-261124-013	2026-11-24 21:09:24.875+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20dd3-0ef7-7d9f-bc35-fb2274b95b05	phone-261124-014	2026-11-24 13:51:05.463+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20e87-45f8-7c35-8f38-834839484258	laptop-261124-015	2026-11-24 17:07:56.024+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20c1f-ea4d-79b1-8769-a4b7e9ac96f0	phone-261124-016	2026-11-24 05:55:47.917+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20eac-f7cb-7d69-baf3-0140e1f30c64	phone-261124-017	2026-11-24 17:49:06.379+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a216d9-b86a-7abc-95e1-fe34ed575b1b	laptop-261124-017	2026-11-26 07:54:57.002+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20d30-a892-793e-a0da-d434fae53156	laptop-261124-018	2026-11-24 10:53:42.418+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20ebe-30b5-7d0f-9538-6ff9a49f93c2	laptop-261124-019	2026-11-24 18:07:55.061+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20c6f-82f6-7c97-802b-c3e6d454120f	laptop-261124-020	2026-11-24 07:22:44.342+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20e30-4c30-7474-aa31-41a347018c17	laptop-261124-021	2026-11-24 15:32:55.984+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20dd2-06a2-7c75-a795-79de9cb370a2	phone-261124-022	2026-11-24 13:49:57.794+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20c4a-c1b5-7389-a4ab-c2a2bafd5b2d	laptop-261124-023	2026-11-24 06:42:35.573+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20f17-6e16-7c2e-90ac-839c2319b22a	laptop-261124-024	2026-11-24 19:45:23.478+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20d0a-3602-7d25-af70-bf715892717c	laptop-261124-025	2026-11-24 10:11:42.722+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20f31-139a-70de-9e48-bbe69c2386a4	phone-261124-026	2026-11-24 20:13:24.25+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20f35-487c-7728-988d-293a63ac8230	phone-261124-027	2026-11-24 20:17:59.932+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20cf4-d08b-792d-b4bf-da308b90cb0f	phone-261124-028	2026-11-24 09:48:20.491+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20e86-5371-7562-b288-d69b1e5e0804	laptop-261124-029	2026-11-24 17:06:53.937+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20f00-8209-758d-98bc-0336dbfe46b7	laptop-261124-030	2026-11-24 19:20:21.257+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20e58-5d73-7ca5-ad9b-8a5a0da6ea2e	laptop-261124-031	2026-11-24 16:16:41.843+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20ebd-6bfe-79e4-8ee8-77b938469ed1	laptop-261124-032	2026-11-24 18:07:04.702+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20eed-901b-7872-a5f3-4eba38fe28e1	phone-261124-033	2026-11-24 18:59:39.675+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20ed7-dbb1-745f-99d1-de122f36c116	laptop-261124-034	2026-11-24 18:35:57.233+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20bb2-4cdf-7795-b269-d2ae5d6c3219	phone-261124-035	2026-11-24 03:56:04.191+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20ee6-d572-7ae0-9df5-199533512b27	laptop-261124-036	2026-11-24 18:52:18.674+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20cca-900f-75e1-8f26-b0f10f3ab14b	laptop-261124-037	2026-11-24 09:02:11.471+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20bbb-2a11-752e-bfc2-b5655d836b24	laptop-261124-038	2026-11-24 04:05:45.105+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20ce9-ee78-7aa9-8645-a280bef5779d	phone-261124-039	2026-11-24 09:36:27.256+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20dc4-6a09-7385-93f9-28802a62cf48	laptop-261124-040	2026-11-24 13:35:05.737+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20c78-0c90-7692-9d54-77cd0066e8cb	laptop-261124-041	2026-11-24 07:32:03.856+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a20d61-00a8-71bd-8013-2f94e53e4d19	phone-261124-042	2026-11-24 11:46:30.696+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21436-0b3c-73ea-8c5e-070b2ad9d311	phone-261125-000	2026-11-25 19:36:55.868+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21380-2e1e-78e7-b600-d94ebc126dd3	laptop-261125-001	2026-11-25 16:18:17.246+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a212e8-fe33-73d2-8674-f88c00869654	phone-261125-002	2026-11-25 13:33:09.043+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21380-fe0f-7501-b306-b7f58628f744	laptop-261125-003	2026-11-25 16:19:10.479+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a213c3-3b19-7e1d-a454-71bdfdba8a62	phone-261125-004	2026-11-25 17:31:31.481+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2139a-a4d7-70a3-b2a5-98cde7e718d1	phone-261125-005	2026-11-25 16:47:11.575+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21285-d3a4-734d-a3ee-6fb41556db18	phone-261125-006	2026-11-25 11:44:50.084+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a213c4-0c56-72b7-b915-1ffe5ee30aed	phone-261125-007	2026-11-25 17:32:25.046+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21167-96d4-74cb-a0f4-946d1029d2a6	laptop-261125-008	2026-11-25 06:32:11.22+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21397-f092-7e9a-999e-77fa729c364d	laptop-261125-009	2026-11-25 16:44:14.354+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2121f-59b8-7888-821e-b827da6b0117	laptop-261125-010	2026-11-25 09:52:54.2+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21260-ceea-7329-80ff-69e3f5754bc7	phone-261125-011	2026-11-25 11:04:24.042+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a213ec-5269-72b7-83ed-ad5fd9d126a2	laptop-261125-012	2026-11-25 18:16:24.425+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a213f9-40a3-7724-9cc3-6abaa32e88d7	laptop-261125-013	2026-11-25 18:30:31.843+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21373-33ab-731c-98e6-7793372401d2	phone-261125-014	2026-11-25 16:04:06.699+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2118d-d71d-7f20-9179-8e6f6a22fc70	phone-261125-015	2026-11-25 07:13:58.045+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a213e7-3dbc-7679-b7c9-be8fcb90444f	phone-261125-016	2026-11-25 18:10:51.452+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21470-2931-76db-b38c-ec1498cb041a	phone-261125-017	2026-11-25 20:40:24.625+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21398-cc54-71de-ae83-cbbbd1911687	laptop-261125-018	2026-11-25 16:45:10.612+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a212ce-969d-766c-a5ea-ea74ac8b2a6c	laptop-261125-019	2026-11-25 13:04:18.589+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2125e-ab8e-7e78-958e-a6bde97d0d6a	laptop-261125-020	2026-11-25 11:02:03.918+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a212e0-353e-78ee-8aa4-1ffe87e45d01	phone-261125-021	2026-11-25 13:23:33.31+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2125d-e4db-7840-bc03-a43dadffaaef	phone-261125-022	2026-11-25 11:01:13.051+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21294-7f8c-7767-bad5-dd9af281ca30	laptop-261125-023	2026-11-25 12:00:51.596+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21498-7090-7f87-afab-2e1bac10e7f8	laptop-261125-024	2026-11-25 21:24:24.336+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a211e4-6658-7ef5-9fe5-4a21e2c4952d	laptop-261125-025	2026-11-25 08:48:30.808+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2132b-7359-7dd0-8f69-fce4e6065460	laptop-261125-026	2026-11-25 14:45:44.409+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2131e-130d-78a0-abe8-7a8e677b1725	laptop-261125-027	2026-11-25 14:31:07.789+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a213b1-e44f-7b0c-968d-ed7830ad9b4d	phone-261125-028	2026-11-25 17:12:35.151+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2115c-fa26-7058-8f3b-e8ac81c31dd0	laptop-261125-029	2026-11-25 06:20:35.75+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a214c0-8480-7a1f-a376-4bf923b3293a	laptop-261125-030	2026-11-25 22:08:10.88+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21488-ca95-7f94-9a20-0ec73ce23c9f	phone-261125-031	2026-11-25 21:07:18.805+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21760-a060-77cf-affc-90e49b84e3ec	laptop-261125-031	2026-11-26 10:22:18.208+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2134a-44e7-72b0-8e0c-4a17029ea635	phone-261125-032	2026-11-25 15:19:24.135+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2129c-52fb-74a4-9c87-0cfc57bd62d8	laptop-261125-033	2026-11-25 12:09:24.475+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21397-d6e2-7c3d-be27-4fc0c870e33d	laptop-261125-034	2026-11-25 16:44:07.778+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21411-8f33-7e03-a643-10bdf1c3ff59	laptop-261125-035	2026-11-25 18:57:04.819+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a213ac-e076-7de2-9041-00bbb859d9ff	phone-261125-036	2026-11-25 17:07:06.486+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a213d9-a960-7ca6-ba05-69630ff9ecfc	phone-261125-037	2026-11-25 17:56:01.504+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21275-9db4-7d8e-bb8c-ae0f98ecb702	phone-261125-038	2026-11-25 11:27:07.7+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21a0c-7149-7a41-8093-ac70e2c56f5e	laptop-261126-000	2026-11-26 22:49:12.777+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a219da-7277-7413-a42a-2f3274841f8c	laptop-261126-001	2026-11-26 21:54:36.279+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a217d6-6c51-711e-973c-42a84d3dca81	phone-261126-002	2026-11-26 12:30:58.129+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2199c-b564-7c73-987d-1f8d4a351bce	laptop-261126-003	2026-11-26 20:47:10.18+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21850-f69b-7e7a-bf85-2493d5c5f41f	laptop-261126-004	2026-11-26 14:44:48.923+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a219df-ee81-7bbe-8381-94dcad43a473	phone-261126-005	2026-11-26 22:00:35.713+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21880-1427-7df4-a0ff-7fec8aaf0ad7	phone-261126-006	2026-11-26 15:36:16.679+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21914-8b3d-7687-b01f-d734944894f3	laptop-261126-007	2026-11-26 18:18:26.493+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2185d-ba31-74d1-8f26-a8764b0f4794	laptop-261126-008	2026-11-26 14:58:45.425+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21803-ba67-7d71-8ac1-b9ecf07c0010	laptop-261126-009	2026-11-26 13:20:27.239+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21888-a5bd-7159-925d-f3497f08b1a3	phone-261126-010	2026-11-26 15:45:38.237+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21710-44da-734a-b987-5c669c06770d	laptop-261126-011	2026-11-26 08:54:31.898+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21774-bf9e-732a-82d5-4f66ab0749fb	laptop-261126-012	2026-11-26 10:44:16.926+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a216f7-0834-7f29-a519-b43f0862435d	phone-261126-013	2026-11-26 08:26:57.972+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a218ef-0a67-72a1-b493-75c02e2e03b0	phone-261126-014	2026-11-26 17:37:28.679+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21ebc-1f67-7604-8af7-38a5fe12f345	laptop-261126-014	2026-11-27 20:39:35.015+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2191e-da01-7aca-9733-15ad4ffe9eb9	laptop-261126-015	2026-11-26 18:29:42.017+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a216b1-ab0b-7683-8151-84b802623d66	phone-261126-016	2026-11-26 07:11:12.139+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2183a-eb54-7b2c-9922-53e7d90e776e	laptop-261126-017	2026-11-26 14:20:44.244+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21721-e130-768d-8623-2a427a10d0e4	laptop-261126-018	2026-11-26 09:13:46.032+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21853-7aeb-7358-8611-02a8cb8fc1c8	phone-261126-019	2026-11-26 14:47:33.867+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a218de-c433-7aae-a6d4-07e2063e62b4	laptop-261126-020	2026-11-26 17:19:42.131+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a217e8-c73a-7779-aa4d-000940779d88	phone-261126-021	2026-11-26 12:51:01.05+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21816-4946-7a25-a331-ae5ec17ca5b2	phone-261126-022	2026-11-26 13:40:43.462+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a218a7-8ea1-7218-abcf-b338ebb96bbc	laptop-261126-023	2026-11-26 16:19:23.937+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a218c8-0a97-72c0-a76b-15f5d3cb08e0	laptop-261126-024	2026-11-26 16:54:52.823+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2170b-3ada-7c59-b801-c2f87f006e0d	phone-261126-025	2026-11-26 08:49:01.658+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2168f-a59b-73bb-9816-f059bb842631	laptop-261126-026	2026-11-26 06:34:02.523+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a217ac-12c3-7f49-ac1f-808c97440fc2	phone-261126-027	2026-11-26 11:44:42.691+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21959-9ea9-7fae-a03b-0cc5c21fa2a2	phone-261126-028	2026-11-26 19:33:53.449+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2167f-d1f7-77e5-a880-35ad1707336c	phone-261126-029	2026-11-26 06:16:45.303+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2187f-fb5b-7875-94f6-68cf86229e9d	laptop-261126-030	2026-11-26 15:36:10.331+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a217cb-39c9-733f-bb90-acc1866425dd	phone-261126-031	2026-11-26 12:18:44.297+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a218e9-4937-7472-ba07-667441c1ed1a	laptop-261126-032	2026-11-26 17:31:11.543+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a217ae-cb0e-7c3e-88cc-31c77d665218	phone-261126-033	2026-11-26 11:47:40.942+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a216c5-24a3-7732-8cbd-f2310d18e6e4	phone-261126-034	2026-11-26 07:32:28.451+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21712-7148-7449-877b-78dc58fdf612	laptop-261126-035	2026-11-26 08:56:54.344+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a217be-35bc-7cd7-8b04-73f8d7f264c4	laptop-261126-036	2026-11-26 12:04:31.292+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a217e8-5419-7ad2-91c7-43ab023e0be0	laptop-261126-037	2026-11-26 12:50:31.577+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21946-9033-7487-aa32-6692286365f0	phone-261126-038	2026-11-26 19:13:04.563+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a219a9-b006-7c82-9409-f37c78671cd2	laptop-261126-039	2026-11-26 21:01:20.774+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a2195f-38c3-77cb-a22a-04a7cc7fb006	laptop-261126-040	2026-11-26 19:40:00.579+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a219bd-7853-768f-9dae-3af94b8d2080	laptop-261126-041	2026-11-26 21:22:57.235+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21dd6-da25-7b7d-9965-0a60b0c4644b	laptop-261127-000	2026-11-27 16:29:09.541+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e2a-f6cd-7ac7-bc88-d1142cd6da93	phone-261127-001	2026-11-27 18:01:01.901+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21db0-e5a8-7abe-a369-d9a19622ce03	phone-261127-002	2026-11-27 15:47:42.12+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e93-490e-7228-ac55-9823cb1c054f	laptop-261127-003	2026-11-27 19:54:58.702+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21c9e-a814-713e-97ee-b2eff01cb79c	phone-261127-004	2026-11-27 10:48:09.492+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e57-bfbc-75af-a5ed-72feb5d32f15	phone-261127-005	2026-11-27 18:49:56.924+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21d10-7553-7c7e-aa2b-e6f11394b583	laptop-261127-006	2026-11-27 12:52:27.603+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e0e-d82c-75d4-8285-0efbd7b45777	laptop-261127-007	2026-11-27 17:30:19.052+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e49-33ff-7ecf-9a72-5dc39a00b110	laptop-261127-008	2026-11-27 18:34:03.647+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21d96-e738-7d71-87e5-ee0691f731be	phone-261127-009	2026-11-27 15:19:18.584+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21cb8-61f8-7a4f-8c67-b184812ba64d	laptop-261127-010	2026-11-27 11:16:15.48+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e36-a906-7230-908b-217e91151e4b	phone-261127-011	2026-11-27 18:13:48.422+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21c76-ea98-773d-ab6a-c1a706a48224	phone-261127-012	2026-11-27 10:04:45.08+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21bb1-549f-718d-ab66-93f5bc0771d9	laptop-261127-013	2026-11-27 06:28:56.095+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21d69-33f3-71b4-a008-45cc05ae329a	phone-261127-014	2026-11-27 14:29:23.571+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21ed7-7dff-7ac7-b52a-efad1ce52dfb	laptop-261127-015	2026-11-27 21:09:28.703+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21d56-d9a7-7e6e-a813-a2eb5f9be8d8	laptop-261127-016	2026-11-27 14:09:20.807+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e55-a8b2-713f-9063-686089a0e4dd	phone-261127-017	2026-11-27 18:47:39.954+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e54-d0fa-7a3a-8cde-94b2b8793c63	laptop-261127-018	2026-11-27 18:46:44.73+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21d1d-774d-7206-bf58-23089aa99d54	phone-261127-019	2026-11-27 13:06:40.077+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21cc1-65e8-7145-938c-6416cf0e680c	phone-261127-020	2026-11-27 11:26:06.312+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21ea7-5bc8-7163-8b1c-40e97749dc74	laptop-261127-021	2026-11-27 20:16:54.216+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21bda-dd91-7880-8d3b-1d48146b2928	phone-261127-022	2026-11-27 07:14:18.129+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e2b-2789-7b36-a3e3-f5476f281b7d	phone-261127-023	2026-11-27 18:01:14.377+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e04-27ec-74cd-a70c-6fc1d434f7dc	laptop-261127-024	2026-11-27 17:18:38.572+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21d88-4a17-758e-928d-49658fb788ef	phone-261127-025	2026-11-27 15:03:20.855+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21bdf-e8ce-7217-a354-68afc2f88bdc	phone-261127-026	2026-11-27 07:19:48.686+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e3c-9459-7314-8efd-a5d231815fe9	phone-261127-027	2026-11-27 18:20:16.345+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21d61-93dd-7612-8155-c0e1a51eb57f	phone-261127-028	2026-11-27 14:21:03.837+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21edb-381a-7118-a523-aebfaa9f20d3	phone-261127-029	2026-11-27 21:13:32.954+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e39-5995-7e16-8f45-d663fed810a4	phone-261127-030	2026-11-27 18:16:44.693+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21cee-285e-76ce-b356-bdfdb220efd0	laptop-261127-031	2026-11-27 12:14:59.678+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21d91-256e-7795-b8a1-c9abed30e36d	phone-261127-032	2026-11-27 15:13:01.294+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21dbb-5241-7717-a903-8dae55b10a5d	laptop-261127-033	2026-11-27 15:59:05.281+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21f36-9fad-7383-8aa9-fda49f95c61b	phone-261127-034	2026-11-27 22:53:23.245+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e93-96d4-7691-b8e0-ea244e538c8a	phone-261127-035	2026-11-27 19:55:18.612+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21dbd-5782-7c6d-916d-e678cf4dd9d5	phone-261127-036	2026-11-27 16:01:17.698+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21eaa-b9a3-7455-b2e8-61936534ab1f	phone-261127-037	2026-11-27 20:20:34.851+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e58-ea47-7c92-bc1e-2a4b43c702d4	phone-261127-038	2026-11-27 18:51:13.351+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21beb-fc39-7210-a066-f3fbc22a3b23	phone-261127-039	2026-11-27 07:33:00.089+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21d48-568a-7f63-827e-8a392e807f1f	phone-261127-040	2026-11-27 13:53:29.738+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21c06-a237-7160-a708-694bea377911	phone-261127-041	2026-11-27 08:02:06.519+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e1a-b802-7e50-8522-5b67591ef48d	phone-261127-042	2026-11-27 17:43:17.25+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21eed-2aeb-7c69-b3f9-258ab287384a	laptop-261127-043	2026-11-27 21:33:09.227+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21efa-cfbe-7968-bcf1-8247c2492fc6	phone-261127-044	2026-11-27 21:48:03.39+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e2f-eead-7d98-b120-875c23355d4c	phone-261127-045	2026-11-27 18:06:27.501+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e86-0aeb-7565-a3c0-405faec75b13	laptop-261127-046	2026-11-27 19:40:30.827+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21d3f-f938-7295-8c85-6fc3b9f39e39	phone-261127-047	2026-11-27 13:44:21.56+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21c0c-bea0-7f2d-b911-9f4bcc137cd1	phone-261127-048	2026-11-27 08:08:47.008+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21d13-b14a-76cc-a618-ec9297ec7ebc	laptop-261127-049	2026-11-27 12:55:59.562+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21bd1-cc8a-74f1-88d9-4d986a372a35	laptop-261127-050	2026-11-27 07:04:23.946+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21e05-2990-7649-a31b-cca023a74f2f	phone-261127-051	2026-11-27 17:19:44.528+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21cbf-e0cb-7c7f-98a2-a0575188a0ed	phone-261127-052	2026-11-27 11:24:26.699+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21d32-8ad8-7f32-b8a3-b4806f5d7e79	phone-261127-053	2026-11-27 13:29:41.336+00	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21bd7-6575-7d3c-88f7-36f7e5e42da9	phone-261127-054	2026-11-27 07:10:30.773+00	c29fd155-8581-5ddc-bc12-a846f10333bc
\.



COPY public.matching_visitoridentity (id, identity, visitor_session_id, created_at, organization_id, visitor_id) FROM stdin;
01a21f43-2c77-73ce-9eb4-007bda06c547	customer-12345678	demo-phone-30	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e57776cafb4
01a21f43-2c77-73ce-9eb4-007af9b9892a	customer-12345678	demo-laptop-30	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e58628fde02
01a21f43-2c77-73ce-9eb4-007c21fa82f8	customer-23456789	demo-visitor-2-30	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e594695713c
01a21f43-2c77-73ce-9eb4-007d80f6f08e	customer-34567890	demo-visitor-3-30	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e5a77644c0f
01a20e55-b2fc-7004-86b4-76e71b49ee4e	customer-9944010	phone-261124-010-0	2026-11-24 16:13:47.132+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20e55-b2fc-7066-a4b8-046a56bfeaa5
01a20dd3-0ef7-795a-bd2a-835127f7c03e	customer-9944014	phone-261124-014-0	2026-11-24 13:51:05.463+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20dd3-0ef7-7d9f-bc35-fb2274b95b05
01a20e87-45f8-7fd3-b597-04a2e32203db	customer-9944015	laptop-261124-015-0	2026-11-24 17:07:56.024+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20e87-45f8-7c35-8f38-834839484258
01a20c1f-ea4d-7f28-92ee-1f94bc65d5f5	customer-9944016	phone-261124-016-0	2026-11-24 05:55:47.917+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c1f-ea4d-79b1-8769-a4b7e9ac96f0
01a20eac-f7cb-76a9-a73a-aa575d40786e	customer-9944017	phone-261124-017-0	2026-11-24 17:49:06.379+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20eac-f7cb-7d69-baf3-0140e1f30c64
01a216d9-b86a-754d-8258-8debe6e22ee8	customer-9944017	laptop-261124-017-1	2026-11-26 07:54:57.002+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a216d9-b86a-7abc-95e1-fe34ed575b1b
01a20d30-a892-776f-9abd-75a28694ba01	customer-9944018	laptop-261124-018-0	2026-11-24 10:53:42.418+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20d30-a892-793e-a0da-d434fae53156
01a20e30-4c30-7333-97b0-5e88155b53c9	customer-9944021	laptop-261124-021-0	2026-11-24 15:32:55.984+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20e30-4c30-7474-aa31-41a347018c17
01a20dd2-06a2-7180-97f6-9fcc03db328e	customer-9944022	phone-261124-022-0	2026-11-24 13:49:57.794+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20dd2-06a2-7c75-a795-79de9cb370a2
01a20c4a-c1b5-749e-9d29-da0264dd5625	customer-9944023	laptop-261124-023-0	2026-11-24 06:42:35.573+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c4a-c1b5-7389-a4ab-c2a2bafd5b2d
01a20f31-139a-7d5d-b14a-d01220e29554	customer-9944026	phone-261124-026-0	2026-11-24 20:13:24.25+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f31-139a-70de-9e48-bbe69c2386a4
01a20f35-487c-7465-a577-d7fb1e44830a	customer-9944027	phone-261124-027-0	2026-11-24 20:17:59.932+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f35-487c-7728-988d-293a63ac8230
01a20e86-5371-7a61-b206-9e6b850c6583	customer-9944029	laptop-261124-029-0	2026-11-24 17:06:53.937+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20e86-5371-7562-b288-d69b1e5e0804
01a20e58-5d73-7817-b803-6705ea5a7532	customer-9944031	laptop-261124-031-0	2026-11-24 16:16:41.843+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20e58-5d73-7ca5-ad9b-8a5a0da6ea2e
01a20eed-901b-7c6b-aef9-d52e32c1936c	customer-9944033	phone-261124-033-0	2026-11-24 18:59:39.675+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20eed-901b-7872-a5f3-4eba38fe28e1
01a20cca-900f-7444-a41c-a6d442695aa8	customer-9944037	laptop-261124-037-0	2026-11-24 09:02:11.471+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20cca-900f-75e1-8f26-b0f10f3ab14b
01a20bbb-2a11-72f1-bcf5-10a1b6b16068	customer-9944038	laptop-261124-038-0	2026-11-24 04:05:45.105+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20bbb-2a11-752e-bfc2-b5655d836b24
01a21436-0b3c-7e90-a1e4-de64cc367670	customer-9945000	phone-261125-000-0	2026-11-25 19:36:55.868+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21436-0b3c-73ea-8c5e-070b2ad9d311
01a21380-fe0f-702b-ba44-78bebc00f57b	customer-9945003	laptop-261125-003-0	2026-11-25 16:19:10.479+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21380-fe0f-7501-b306-b7f58628f744
01a21167-96d4-768c-ba7b-59bb036e72c4	customer-9945008	laptop-261125-008-0	2026-11-25 06:32:11.22+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21167-96d4-74cb-a0f4-946d1029d2a6
01a21397-f092-7b0a-ac1c-418a770394ca	customer-9945009	laptop-261125-009-0	2026-11-25 16:44:14.354+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21397-f092-7e9a-999e-77fa729c364d
01a2121f-59b8-7f52-a8f7-06bbf6569c74	customer-9945010	laptop-261125-010-0	2026-11-25 09:52:54.2+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2121f-59b8-7888-821e-b827da6b0117
01a21260-ceea-7c5e-965e-8bd24a8e30db	customer-9945011	phone-261125-011-0	2026-11-25 11:04:24.042+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21260-ceea-7329-80ff-69e3f5754bc7
01a213f9-40a3-727c-8de7-51c61811c4c7	customer-9945013	laptop-261125-013-0	2026-11-25 18:30:31.843+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213f9-40a3-7724-9cc3-6abaa32e88d7
01a213e7-3dbc-7a33-ba0f-e85df2d4ce27	customer-9945016	phone-261125-016-0	2026-11-25 18:10:51.452+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213e7-3dbc-7679-b7c9-be8fcb90444f
01a21470-2931-7d3b-8f96-dbeaa51d8aa2	customer-9945017	phone-261125-017-0	2026-11-25 20:40:24.625+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21470-2931-76db-b38c-ec1498cb041a
01a212ce-969d-7962-8538-60f9276d577a	customer-9945019	laptop-261125-019-0	2026-11-25 13:04:18.589+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a212ce-969d-766c-a5ea-ea74ac8b2a6c
01a212e0-353e-7ec0-b9fb-1be2d0454080	customer-9945021	phone-261125-021-0	2026-11-25 13:23:33.31+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a212e0-353e-78ee-8aa4-1ffe87e45d01
01a2125d-e4db-79b1-a197-7400b3c7ea09	customer-9945022	phone-261125-022-0	2026-11-25 11:01:13.051+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2125d-e4db-7840-bc03-a43dadffaaef
01a21294-7f8c-7be9-8567-e5077a97b2b2	customer-9945023	laptop-261125-023-0	2026-11-25 12:00:51.596+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21294-7f8c-7767-bad5-dd9af281ca30
01a211e4-6658-773d-a8dc-ad513b25e057	customer-9945025	laptop-261125-025-0	2026-11-25 08:48:30.808+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a211e4-6658-7ef5-9fe5-4a21e2c4952d
01a213b1-e44f-799a-889f-0148b44f277a	customer-9945028	phone-261125-028-0	2026-11-25 17:12:35.151+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213b1-e44f-7b0c-968d-ed7830ad9b4d
01a2115c-fa26-76a7-8344-6cf37913edb9	customer-9945029	laptop-261125-029-0	2026-11-25 06:20:35.75+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2115c-fa26-7058-8f3b-e8ac81c31dd0
01a21411-8f33-7b14-a6bb-6ceaabb4851b	customer-9945035	laptop-261125-035-0	2026-11-25 18:57:04.819+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21411-8f33-7e03-a643-10bdf1c3ff59
01a213ac-e076-7d38-be23-4c3b252de890	customer-9945036	phone-261125-036-0	2026-11-25 17:07:06.486+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213ac-e076-7de2-9041-00bbb859d9ff
01a213d9-a960-70b4-878f-6e776ce38e62	customer-9945037	phone-261125-037-0	2026-11-25 17:56:01.504+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213d9-a960-7ca6-ba05-69630ff9ecfc
01a219da-7277-7273-bab2-64421e9aac9a	customer-9946001	laptop-261126-001-0	2026-11-26 21:54:36.279+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a219da-7277-7413-a42a-2f3274841f8c
01a21850-f69b-7aa4-b17b-f27cd1a3621e	customer-9946004	laptop-261126-004-0	2026-11-26 14:44:48.923+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21850-f69b-7e7a-bf85-2493d5c5f41f
01a219df-ee81-701c-8be4-67901253e134	customer-9946005	phone-261126-005-0	2026-11-26 22:00:35.713+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a219df-ee81-7bbe-8381-94dcad43a473
01a21914-8b3d-7f1f-b4f6-16b0628f8820	customer-9946007	laptop-261126-007-0	2026-11-26 18:18:26.493+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21914-8b3d-7687-b01f-d734944894f3
01a2185d-ba31-712a-bfd9-0dc74f5e282a	customer-9946008	laptop-261126-008-0	2026-11-26 14:58:45.425+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2185d-ba31-74d1-8f26-a8764b0f4794
01a21803-ba67-7c7f-ab07-890d809039d4	customer-9946009	laptop-261126-009-0	2026-11-26 13:20:27.239+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21803-ba67-7d71-8ac1-b9ecf07c0010
01a21888-a5bd-7fc6-bd45-877ca301d224	customer-9946010	phone-261126-010-0	2026-11-26 15:45:38.237+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21888-a5bd-7159-925d-f3497f08b1a3
01a21710-44da-793b-bda7-84583d3cff8f	customer-9946011	laptop-261126-011-0	2026-11-26 08:54:31.898+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21710-44da-734a-b987-5c669c06770d
01a2191e-da01-7925-b3c2-73178f0dcae3	customer-9946015	laptop-261126-015-0	2026-11-26 18:29:42.017+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2191e-da01-7aca-9733-15ad4ffe9eb9
01a216b1-ab0b-79b2-9345-f72290a180be	customer-9946016	phone-261126-016-0	2026-11-26 07:11:12.139+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a216b1-ab0b-7683-8151-84b802623d66
01a2183a-eb54-7546-af13-c047a39ef10a	customer-9946017	laptop-261126-017-0	2026-11-26 14:20:44.244+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2183a-eb54-7b2c-9922-53e7d90e776e
01a21721-e130-76b8-b44d-1ddf61b89591	customer-9946018	laptop-261126-018-0	2026-11-26 09:13:46.032+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21721-e130-768d-8623-2a427a10d0e4
01a218de-c433-7406-bda7-a63677bad4fc	customer-9946020	laptop-261126-020-0	2026-11-26 17:19:42.131+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a218de-c433-7aae-a6d4-07e2063e62b4
01a217e8-c73a-7171-ab9d-fa198d6aad09	customer-9946021	phone-261126-021-0	2026-11-26 12:51:01.05+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a217e8-c73a-7779-aa4d-000940779d88
01a21959-9ea9-7d10-b3da-f4f9df8c8f9e	customer-9946028	phone-261126-028-0	2026-11-26 19:33:53.449+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21959-9ea9-7fae-a03b-0cc5c21fa2a2
01a216c5-24a3-7d77-bd13-0a09a878845a	customer-9946034	phone-261126-034-0	2026-11-26 07:32:28.451+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a216c5-24a3-7732-8cbd-f2310d18e6e4
01a21712-7148-7eab-bc0f-f97861114a22	customer-9946035	laptop-261126-035-0	2026-11-26 08:56:54.344+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21712-7148-7449-877b-78dc58fdf612
01a217be-35bc-7e9f-a910-f08ce3dcb12f	customer-9946036	laptop-261126-036-0	2026-11-26 12:04:31.292+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a217be-35bc-7cd7-8b04-73f8d7f264c4
01a217e8-5419-7e2e-9410-3d10226207e8	customer-9946037	laptop-261126-037-0	2026-11-26 12:50:31.577+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a217e8-5419-7ad2-91c7-43ab023e0be0
01a219a9-b006-7a03-b035-6d5a344fa2c2	customer-9946039	laptop-261126-039-0	2026-11-26 21:01:20.774+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a219a9-b006-7c82-9409-f37c78671cd2
01a2195f-38c3-7daa-8b50-89d7bb13b5b7	customer-9946040	laptop-261126-040-0	2026-11-26 19:40:00.579+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2195f-38c3-77cb-a22a-04a7cc7fb006
01a21e93-490e-7c67-a20f-6c0c11777a5f	customer-9947003	laptop-261127-003-0	2026-11-27 19:54:58.702+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e93-490e-7228-ac55-9823cb1c054f
01a21c9e-a814-7740-ac41-6cda831db124	customer-9947004	phone-261127-004-0	2026-11-27 10:48:09.492+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21c9e-a814-713e-97ee-b2eff01cb79c
01a21e57-bfbc-7a0e-828f-b35ad0abf241	customer-9947005	phone-261127-005-0	2026-11-27 18:49:56.924+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e57-bfbc-75af-a5ed-72feb5d32f15
01a21d10-7553-747e-9095-81e6616fb01a	customer-9947006	laptop-261127-006-0	2026-11-27 12:52:27.603+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d10-7553-7c7e-aa2b-e6f11394b583
01a21e0e-d82c-7a2b-a1dd-252f7af49f9b	customer-9947007	laptop-261127-007-0	2026-11-27 17:30:19.052+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e0e-d82c-75d4-8285-0efbd7b45777
01a21e49-33ff-7cf1-8f92-4c33f80a56bf	customer-9947008	laptop-261127-008-0	2026-11-27 18:34:03.647+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e49-33ff-7ecf-9a72-5dc39a00b110
01a21cb8-61f8-7c80-bb60-5dff232f1f4f	customer-9947010	laptop-261127-010-0	2026-11-27 11:16:15.48+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21cb8-61f8-7a4f-8c67-b184812ba64d
01a21e36-a906-7d97-ba6a-26e72be0a456	customer-9947011	phone-261127-011-0	2026-11-27 18:13:48.422+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e36-a906-7230-908b-217e91151e4b
01a21bb1-549f-718f-83bf-807bd534a375	customer-9947013	laptop-261127-013-0	2026-11-27 06:28:56.095+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21bb1-549f-718d-ab66-93f5bc0771d9
01a21ed7-7dff-7a63-80e6-dc2a582ff90b	customer-9947015	laptop-261127-015-0	2026-11-27 21:09:28.703+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21ed7-7dff-7ac7-b52a-efad1ce52dfb
01a21d56-d9a7-77a4-bff2-b9fbae3fba95	customer-9947016	laptop-261127-016-0	2026-11-27 14:09:20.807+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d56-d9a7-7e6e-a813-a2eb5f9be8d8
01a21e55-a8b2-7a89-9525-0801c090ca36	customer-9947017	phone-261127-017-0	2026-11-27 18:47:39.954+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e55-a8b2-713f-9063-686089a0e4dd
01a21e54-d0fa-7368-bfc1-5a8bb728540b	customer-9947018	laptop-261127-018-0	2026-11-27 18:46:44.73+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e54-d0fa-7a3a-8cde-94b2b8793c63
01a21bda-dd91-733b-98d9-380bfa6d60c5	customer-9947022	phone-261127-022-0	2026-11-27 07:14:18.129+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21bda-dd91-7880-8d3b-1d48146b2928
01a21e3c-9459-7b93-8cad-4fa612789594	customer-9947027	phone-261127-027-0	2026-11-27 18:20:16.345+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e3c-9459-7314-8efd-a5d231815fe9
01a21d61-93dd-7410-8c0b-31771dda4f35	customer-9947028	phone-261127-028-0	2026-11-27 14:21:03.837+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d61-93dd-7612-8155-c0e1a51eb57f
01a21edb-381a-7239-bd1a-62f3d2f37aeb	customer-9947029	phone-261127-029-0	2026-11-27 21:13:32.954+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21edb-381a-7118-a523-aebfaa9f20d3
01a21e39-5995-7658-9552-48a8989481f9	customer-9947030	phone-261127-030-0	2026-11-27 18:16:44.693+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e39-5995-7e16-8f45-d663fed810a4
01a21cee-285e-7499-ad52-164153dcc407	customer-9947031	laptop-261127-031-0	2026-11-27 12:14:59.678+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21cee-285e-76ce-b356-bdfdb220efd0
01a21e1a-b802-7b60-aa65-a3900a63708d	customer-9947042	phone-261127-042-0	2026-11-27 17:43:17.25+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e1a-b802-7e50-8522-5b67591ef48d
01a21e86-0aeb-7f76-a4db-395ec8b60eb0	customer-9947046	laptop-261127-046-0	2026-11-27 19:40:30.827+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e86-0aeb-7565-a3c0-405faec75b13
01a21d3f-f938-7177-8f2f-4d74dc9c1d21	customer-9947047	phone-261127-047-0	2026-11-27 13:44:21.56+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d3f-f938-7295-8c85-6fc3b9f39e39
01a21d13-b14a-7369-876e-b3abccc88aa0	customer-9947049	laptop-261127-049-0	2026-11-27 12:55:59.562+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d13-b14a-76cc-a618-ec9297ec7ebc
01a21bd1-cc8a-7acd-adb5-0237ad8ce2bd	customer-9947050	laptop-261127-050-0	2026-11-27 07:04:23.946+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21bd1-cc8a-74f1-88d9-4d986a372a35
01a21bd7-6575-7a7e-ac78-1210c33f2da5	customer-9947054	phone-261127-054-0	2026-11-27 07:10:30.773+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21bd7-6575-7d3c-88f7-36f7e5e42da9
01a21f1e-e307-7713-a56d-91c985f52ac7	customer-9945015	phone-261125-015-0	2026-11-27 22:27:27.62398+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2118d-d71d-7f20-9179-8e6f6a22fc70
01a21e82-f37a-70b6-a072-205cb8380988	customer-9946013	phone-261126-013-0	2026-11-27 19:37:08.218255+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a216f7-0834-7f29-a519-b43f0862435d
\.



COPY public.matching_visitorsession (id, visitor_session_id, started_at, ended_at, room_ids, created_at, updated_at, organization_id, visitor_id) FROM stdin;
01a21f43-2c76-73b4-9189-bb913534ef21	demo-laptop-0	2026-01-01 09:00:00+00	2026-01-01 09:20:00+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e58628fde02
01a21f43-2c76-73b4-9189-bb929bfa1953	demo-laptop-10	2026-01-11 09:00:00+00	2026-01-11 09:20:00+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e58628fde02
01a21f43-2c76-73b4-9189-bb93286432ef	demo-laptop-20	2026-01-21 09:00:00+00	2026-01-21 09:20:00+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e58628fde02
01a21f43-2c76-73b4-9189-bb944bca2f6c	demo-laptop-30	2026-01-31 09:00:00+00	2026-01-31 09:20:00+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e58628fde02
01a21f43-2c76-73b4-9189-bb957d51449a	demo-phone-0	2026-01-01 10:00:00+00	2026-01-01 10:20:00+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e57776cafb4
01a21f43-2c76-73b4-9189-bb96cdd559df	demo-phone-10	2026-01-11 10:00:00+00	2026-01-11 10:20:00+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e57776cafb4
01a21f43-2c76-73b4-9189-bb971fae3846	demo-phone-20	2026-01-21 10:00:00+00	2026-01-21 10:20:00+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e57776cafb4
01a21f43-2c76-73b4-9189-bb9832972440	demo-phone-30	2026-01-31 10:00:00+00	2026-01-31 10:20:00+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e57776cafb4
01a21f43-2c76-73b4-9189-bb99f286136d	demo-visitor-2-0	2026-01-01 11:00:00+00	2026-01-01 11:20:00+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e594695713c
01a21f43-2c76-73b4-9189-bb9ad913405c	demo-visitor-2-10	2026-01-11 11:00:00+00	2026-01-11 11:20:00+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e594695713c
01a21f43-2c76-73b4-9189-bb9b33b8abec	demo-visitor-2-20	2026-01-21 11:00:00+00	2026-01-21 11:20:00+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e594695713c
01a21f43-2c76-73b4-9189-bb9c4bd3100e	demo-visitor-2-30	2026-01-31 11:00:00+00	2026-01-31 11:20:00+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e594695713c
01a21f43-2c76-73b4-9189-bb9d750e8804	demo-visitor-3-0	2026-01-01 12:00:00+00	2026-01-01 12:20:00+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e5a77644c0f
01a21f43-2c76-73b4-9189-bb9ecc246de2	demo-visitor-3-10	2026-01-11 12:00:00+00	2026-01-11 12:20:00+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e5a77644c0f
01a21f43-2c76-73b4-9189-bb9fca6b2cb7	demo-visitor-3-20	2026-01-21 12:00:00+00	2026-01-21 12:20:00+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e5a77644c0f
01a21f43-2c76-73b4-9189-bba0599ea9ab	demo-visitor-3-30	2026-01-31 12:00:00+00	2026-01-31 12:20:00+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 23:07:05.681428+00	2026-11-27 23:07:05.681428+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f43-2c72-73f1-9b77-6e5a77644c0f
01a20e85-2360-796a-9d83-908cb84f7e48	phone-261124-000-0	2026-11-24 17:05:35.096+00	2026-11-24 17:09:41.096+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 17:05:36.096+00	2026-11-24 17:09:42.096+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20e85-2360-7989-9372-d6d7511f9a12
01a2196a-298d-7c61-b128-94ba4cd25948	phone-261124-000-1	2026-11-26 19:51:56.581+00	2026-11-26 19:56:09.581+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 19:51:57.581+00	2026-11-26 19:56:10.581+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20e85-2360-7989-9372-d6d7511f9a12
01a20f0c-1d4e-7e41-8304-4576d849a942	laptop-261124-001-0	2026-11-24 19:33:00.902+00	2026-11-24 19:41:36.902+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 19:33:01.902+00	2026-11-24 19:41:37.902+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f0c-1d4e-7377-afe8-c418abe819a6
01a20f5f-25d1-7ce8-963b-c269d9364287	phone-261124-002-0	2026-11-24 21:03:42.569+00	2026-11-24 21:07:05.569+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 21:03:43.569+00	2026-11-24 21:07:06.569+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f5f-25d1-76c1-bb42-53ea6036583b
01a2140b-6eae-7806-b795-76e9781a8f7d	phone-261124-002-1	2026-11-25 18:50:22.278+00	2026-11-25 18:56:01.278+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 18:50:23.278+00	2026-11-25 18:56:02.278+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f5f-25d1-76c1-bb42-53ea6036583b
01a2153c-d1b4-769b-8936-eebe4b1c5bf7	laptop-261124-002-2	2026-11-26 00:23:56.108+00	2026-11-26 00:53:55.108+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 00:23:57.108+00	2026-11-26 00:53:56.108+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2153c-d1b4-72bb-8709-66532da6b4a9
01a20d84-cbd0-73f4-9179-fd9f59e3872c	phone-261124-003-0	2026-11-24 12:25:35.464+00	2026-11-24 12:27:08.464+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-24 12:25:36.464+00	2026-11-24 12:27:09.464+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20d84-cbd0-7eba-9405-15bee78b01f4
01a20f3a-b56a-7510-b304-97abe92d74dd	laptop-261124-004-0	2026-11-24 20:23:54.498+00	2026-11-24 20:39:18.498+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-24 20:23:55.498+00	2026-11-24 20:39:19.498+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f3a-b56a-77f1-bea2-bccaf5face90
01a20d35-fb73-7805-add8-f3b64cf2de7d	laptop-261124-005-0	2026-11-24 10:59:30.315+00	2026-11-24 11:12:26.315+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-24 10:59:31.315+00	2026-11-24 11:12:27.315+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20d35-fb73-7b40-a982-54b76afe41b1
01a21285-5cfe-7d7b-9bba-2ae9ca0fb8ed	laptop-261124-005-1	2026-11-25 11:44:18.71+00	2026-11-25 11:53:23.71+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-25 11:44:19.71+00	2026-11-25 11:53:24.71+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20d35-fb73-7b40-a982-54b76afe41b1
01a20c96-2ae2-7272-bd6a-72ed9f0a410a	laptop-261124-006-0	2026-11-24 08:04:56.698+00	2026-11-24 08:10:18.698+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-24 08:04:57.698+00	2026-11-24 08:10:19.698+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c96-2ae2-7d77-b8b9-a509ad01adda
01a212cb-0f1e-7548-8842-fbd1c5a7ff07	laptop-261124-006-1	2026-11-25 13:00:26.294+00	2026-11-25 13:08:25.294+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-25 13:00:27.294+00	2026-11-25 13:08:26.294+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c96-2ae2-7d77-b8b9-a509ad01adda
01a20ce8-e525-722c-8339-313d9bb62d3a	laptop-261124-007-0	2026-11-24 09:35:18.333+00	2026-11-24 09:38:45.333+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 09:35:19.333+00	2026-11-24 09:38:46.333+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20ce8-e525-7cf4-8439-ecf40a04c59e
01a20f3d-677f-7960-bd66-021008adc767	phone-261124-008-0	2026-11-24 20:26:51.159+00	2026-11-24 20:29:03.159+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 20:26:52.159+00	2026-11-24 20:29:04.159+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f3d-677f-76df-a0c7-491fed46c78e
01a20f30-8f3a-7f8f-99b5-f4c3c4831bc1	laptop-261124-009-0	2026-11-24 20:12:49.362+00	2026-11-24 20:26:53.362+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 20:12:50.362+00	2026-11-24 20:26:54.362+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f30-8f3a-78dc-8686-45cde89e0888
01a20e55-b2fc-77ee-9d84-d82bb8d2b06f	phone-261124-010-0	2026-11-24 16:13:46.132+00	2026-11-24 16:26:48.132+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 16:13:47.132+00	2026-11-24 16:26:49.132+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20e55-b2fc-7066-a4b8-046a56bfeaa5
01a20ae7-9752-7bd1-ac90-075646a7a86e	phone-261124-011-0	2026-11-24 00:14:38.442+00	2026-11-24 00:38:31.442+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-24 00:14:39.442+00	2026-11-24 00:38:32.442+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20ae7-9752-7b9c-b1b9-a367d04b10dc
01a21808-231f-70c3-ad7e-42ae36d60fe7	phone-261124-011-1	2026-11-26 13:25:15.191+00	2026-11-26 13:26:58.191+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 13:25:16.191+00	2026-11-26 13:26:59.191+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20ae7-9752-7b9c-b1b9-a367d04b10dc
01a20f3c-56fb-7bcd-b943-ece3be7b5f1b	phone-261124-012-0	2026-11-24 20:25:41.395+00	2026-11-24 20:32:43.395+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 20:25:42.395+00	2026-11-24 20:32:44.395+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f3c-56fb-78a5-b01e-796a75e36057
01a21e1d-44db-78ad-a306-9afaf907d036	phone-261124-012-1	2026-11-27 17:46:03.379+00	2026-11-27 17:55:57.379+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 17:46:04.379+00	2026-11-27 17:55:58.379+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f3c-56fb-78a5-b01e-796a75e36057
01a20f64-5b0b-707a-a2d9-30910f3d1f45	phone-261124-013-0	2026-11-24 21:09:23.875+00	2026-11-24 21:10:25.875+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 21:09:24.875+00	2026-11-24 21:10:26.875+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f64-5b0b-7ac1-a980-27538ae3405f
01a20dd3-0ef7-72f7-b87d-84928fc3591f	phone-261124-014-0	2026-11-24 13:51:04.463+00	2026-11-24 13:54:45.463+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-24 13:51:05.463+00	2026-11-24 13:54:46.463+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20dd3-0ef7-7d9f-bc35-fb2274b95b05
01a20e87-45f8-7985-a44b-59cb169a10ad	laptop-261124-015-0	2026-11-24 17:07:55.024+00	2026-11-24 17:11:10.024+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 17:07:56.024+00	2026-11-24 17:11:11.024+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20e87-45f8-7c35-8f38-834839484258
01a20c1f-ea4d-73cc-8bd3-a62c7e820479	phone-261124-016-0	2026-11-24 05:55:46.917+00	2026-11-24 06:09:59.917+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 05:55:47.917+00	2026-11-24 06:10:00.917+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c1f-ea4d-79b1-8769-a4b7e9ac96f0
01a211a8-2259-7335-bbef-f5c06330e3e1	phone-261124-016-1	2026-11-25 07:42:40.241+00	2026-11-25 07:45:44.241+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 07:42:41.241+00	2026-11-25 07:45:45.241+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c1f-ea4d-79b1-8769-a4b7e9ac96f0
01a21d70-0440-7703-9bbb-f8d53957178f	phone-261124-016-2	2026-11-27 14:36:49.112+00	2026-11-27 14:39:11.112+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 14:36:50.112+00	2026-11-27 14:39:12.112+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c1f-ea4d-79b1-8769-a4b7e9ac96f0
01a20eac-f7cb-7cc4-9077-0d955735eda6	phone-261124-017-0	2026-11-24 17:49:05.379+00	2026-11-24 17:52:06.379+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 17:49:06.379+00	2026-11-24 17:52:07.379+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20eac-f7cb-7d69-baf3-0140e1f30c64
01a216d9-b86a-78c6-a171-bd6574cc1485	laptop-261124-017-1	2026-11-26 07:54:56.002+00	2026-11-26 07:59:07.002+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-26 07:54:57.002+00	2026-11-26 07:59:08.002+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a216d9-b86a-7abc-95e1-fe34ed575b1b
01a21e39-172d-7dfe-be76-62a1a216abe7	laptop-261124-017-2	2026-11-27 18:16:26.693+00	2026-11-27 18:21:33.693+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 18:16:27.693+00	2026-11-27 18:21:34.693+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a216d9-b86a-7abc-95e1-fe34ed575b1b
01a20d30-a892-735d-9913-69526e4ee8fc	laptop-261124-018-0	2026-11-24 10:53:41.418+00	2026-11-24 11:05:21.418+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 10:53:42.418+00	2026-11-24 11:05:22.418+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20d30-a892-793e-a0da-d434fae53156
01a20ebe-30b5-7354-b527-2856bce19d7d	laptop-261124-019-0	2026-11-24 18:07:54.061+00	2026-11-24 18:18:19.061+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 18:07:55.061+00	2026-11-24 18:18:20.061+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20ebe-30b5-7d0f-9538-6ff9a49f93c2
01a20c6f-82f6-7be6-a564-306b22e93b56	laptop-261124-020-0	2026-11-24 07:22:43.342+00	2026-11-24 07:25:30.342+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 07:22:44.342+00	2026-11-24 07:25:31.342+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c6f-82f6-7c97-802b-c3e6d454120f
01a20e30-4c30-7f23-93d3-48f75f225aa4	laptop-261124-021-0	2026-11-24 15:32:54.984+00	2026-11-24 15:36:43.984+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 15:32:55.984+00	2026-11-24 15:36:44.984+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20e30-4c30-7474-aa31-41a347018c17
01a20dd2-06a2-716b-84b2-230fbceab08b	phone-261124-022-0	2026-11-24 13:49:56.794+00	2026-11-24 14:07:15.794+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-24 13:49:57.794+00	2026-11-24 14:07:16.794+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20dd2-06a2-7c75-a795-79de9cb370a2
01a20c4a-c1b5-75c4-b5f4-debb4eefb777	laptop-261124-023-0	2026-11-24 06:42:34.573+00	2026-11-24 06:47:01.573+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 06:42:35.573+00	2026-11-24 06:47:02.573+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c4a-c1b5-7389-a4ab-c2a2bafd5b2d
01a213d2-568d-732c-bfec-107500657b14	laptop-261124-023-1	2026-11-25 17:48:00.549+00	2026-11-25 17:53:06.549+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 17:48:01.549+00	2026-11-25 17:53:07.549+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c4a-c1b5-7389-a4ab-c2a2bafd5b2d
01a21716-554c-7f30-b43b-b79a4ccf5370	laptop-261124-023-2	2026-11-26 09:01:08.324+00	2026-11-26 09:06:51.324+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-26 09:01:09.324+00	2026-11-26 09:06:52.324+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c4a-c1b5-7389-a4ab-c2a2bafd5b2d
01a20f17-6e16-762b-8d4c-59d5e01a26cd	laptop-261124-024-0	2026-11-24 19:45:22.478+00	2026-11-24 19:56:13.478+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 19:45:23.478+00	2026-11-24 19:56:14.478+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f17-6e16-7c2e-90ac-839c2319b22a
01a20d0a-3602-7a5d-824e-50f4d8ffe3b9	laptop-261124-025-0	2026-11-24 10:11:41.722+00	2026-11-24 10:29:41.722+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-24 10:11:42.722+00	2026-11-24 10:29:42.722+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20d0a-3602-7d25-af70-bf715892717c
01a20f31-139a-773e-9132-7e78f11d5495	phone-261124-026-0	2026-11-24 20:13:23.25+00	2026-11-24 20:15:02.25+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 20:13:24.25+00	2026-11-24 20:15:03.25+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f31-139a-70de-9e48-bbe69c2386a4
01a20f35-487c-7194-978d-812fd7d499fd	phone-261124-027-0	2026-11-24 20:17:58.932+00	2026-11-24 20:27:14.932+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 20:17:59.932+00	2026-11-24 20:27:15.932+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f35-487c-7728-988d-293a63ac8230
01a20cf4-d08b-754f-be54-61e32cb9d5c2	phone-261124-028-0	2026-11-24 09:48:19.491+00	2026-11-24 10:04:38.491+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-24 09:48:20.491+00	2026-11-24 10:04:39.491+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20cf4-d08b-792d-b4bf-da308b90cb0f
01a20e86-5371-749e-8c8e-7750c8197ecc	laptop-261124-029-0	2026-11-24 17:06:52.937+00	2026-11-24 17:18:43.937+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 17:06:53.937+00	2026-11-24 17:18:44.937+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20e86-5371-7562-b288-d69b1e5e0804
01a20f00-8209-75b3-be6f-9524a45097b4	laptop-261124-030-0	2026-11-24 19:20:20.257+00	2026-11-24 19:22:38.257+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-24 19:20:21.257+00	2026-11-24 19:22:39.257+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20f00-8209-758d-98bc-0336dbfe46b7
01a20e58-5d73-72c1-899b-3b4cd2cb9b92	laptop-261124-031-0	2026-11-24 16:16:40.843+00	2026-11-24 16:19:58.843+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 16:16:41.843+00	2026-11-24 16:19:59.843+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20e58-5d73-7ca5-ad9b-8a5a0da6ea2e
01a20ebd-6bfe-7036-abf9-58e7fa276793	laptop-261124-032-0	2026-11-24 18:07:03.702+00	2026-11-24 18:26:56.702+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-24 18:07:04.702+00	2026-11-24 18:26:57.702+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20ebd-6bfe-79e4-8ee8-77b938469ed1
01a20eed-901b-7e07-b643-4f4d3ee580ce	phone-261124-033-0	2026-11-24 18:59:38.675+00	2026-11-24 19:03:37.675+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 18:59:39.675+00	2026-11-24 19:03:38.675+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20eed-901b-7872-a5f3-4eba38fe28e1
01a20ed7-dbb1-7243-854f-e5d1fa1515aa	laptop-261124-034-0	2026-11-24 18:35:56.233+00	2026-11-24 18:38:53.233+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-24 18:35:57.233+00	2026-11-24 18:38:54.233+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20ed7-dbb1-745f-99d1-de122f36c116
01a20bb2-4cdf-73a0-97fd-c16e493905e1	phone-261124-035-0	2026-11-24 03:56:03.191+00	2026-11-24 03:57:27.191+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 03:56:04.191+00	2026-11-24 03:57:28.191+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20bb2-4cdf-7795-b269-d2ae5d6c3219
01a20ee6-d572-7f10-9787-785a2bfe3e6d	laptop-261124-036-0	2026-11-24 18:52:17.674+00	2026-11-24 18:57:53.674+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 18:52:18.674+00	2026-11-24 18:57:54.674+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20ee6-d572-7ae0-9df5-199533512b27
01a2120d-476b-7e20-90e2-ec218ac9d49a	laptop-261124-036-1	2026-11-25 09:33:08.867+00	2026-11-25 09:35:00.867+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 09:33:09.867+00	2026-11-25 09:35:01.867+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20ee6-d572-7ae0-9df5-199533512b27
01a21722-8609-73b6-9fa7-0a781345e46b	laptop-261124-036-2	2026-11-26 09:14:27.233+00	2026-11-26 09:21:14.233+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-26 09:14:28.233+00	2026-11-26 09:21:15.233+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20ee6-d572-7ae0-9df5-199533512b27
01a20cca-900f-76c1-a328-8dd21f4626be	laptop-261124-037-0	2026-11-24 09:02:10.471+00	2026-11-24 09:14:18.471+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 09:02:11.471+00	2026-11-24 09:14:19.471+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20cca-900f-75e1-8f26-b0f10f3ab14b
01a20bbb-2a11-7e5a-831a-abd857ea75f8	laptop-261124-038-0	2026-11-24 04:05:44.105+00	2026-11-24 04:09:18.105+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 04:05:45.105+00	2026-11-24 04:09:19.105+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20bbb-2a11-752e-bfc2-b5655d836b24
01a20ce9-ee78-7cb7-ba8a-06d79f133657	phone-261124-039-0	2026-11-24 09:36:26.256+00	2026-11-24 09:40:00.256+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 09:36:27.256+00	2026-11-24 09:40:01.256+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20ce9-ee78-7aa9-8645-a280bef5779d
01a20dc4-6a09-7f71-aa59-d7f5f6563c5c	laptop-261124-040-0	2026-11-24 13:35:04.737+00	2026-11-24 13:43:21.737+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-24 13:35:05.737+00	2026-11-24 13:43:22.737+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20dc4-6a09-7385-93f9-28802a62cf48
01a213c6-11e1-7a4d-be1d-f450852c417f	laptop-261124-040-1	2026-11-25 17:34:36.537+00	2026-11-25 17:37:35.537+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-25 17:34:37.537+00	2026-11-25 17:37:36.537+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20dc4-6a09-7385-93f9-28802a62cf48
01a20c78-0c90-7c95-be4d-a1a36c143906	laptop-261124-041-0	2026-11-24 07:32:02.856+00	2026-11-24 07:34:46.856+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 07:32:03.856+00	2026-11-24 07:34:47.856+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c78-0c90-7692-9d54-77cd0066e8cb
01a21c1c-87b6-7f03-8336-4bbbe37e5026	laptop-261124-041-1	2026-11-27 08:26:00.526+00	2026-11-27 08:27:13.526+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 08:26:01.526+00	2026-11-27 08:27:14.526+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20c78-0c90-7692-9d54-77cd0066e8cb
01a20d61-00a8-7e76-9d0f-eb53d3e65e26	phone-261124-042-0	2026-11-24 11:46:29.696+00	2026-11-24 11:49:27.696+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-24 11:46:30.696+00	2026-11-24 11:49:28.696+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a20d61-00a8-71bd-8013-2f94e53e4d19
01a21436-0b3c-7d20-bb6a-2b93718dc32d	phone-261125-000-0	2026-11-25 19:36:54.868+00	2026-11-25 19:39:30.868+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 19:36:55.868+00	2026-11-25 19:39:31.868+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21436-0b3c-73ea-8c5e-070b2ad9d311
01a21380-2e1e-78db-9897-43850440867f	laptop-261125-001-0	2026-11-25 16:18:16.246+00	2026-11-25 16:20:57.246+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 16:18:17.246+00	2026-11-25 16:20:58.246+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21380-2e1e-78e7-b600-d94ebc126dd3
01a218d9-4232-7988-87f4-64fafba2c41c	laptop-261125-001-1	2026-11-26 17:13:40.17+00	2026-11-26 17:16:05.17+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-26 17:13:41.17+00	2026-11-26 17:16:06.17+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21380-2e1e-78e7-b600-d94ebc126dd3
01a212e8-fe33-7f7c-b8a0-20ca7d424da3	phone-261125-002-0	2026-11-25 13:33:08.043+00	2026-11-25 13:59:06.043+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 13:33:09.043+00	2026-11-25 13:59:07.043+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a212e8-fe33-73d2-8674-f88c00869654
01a21c89-b90b-747c-8531-694988321fbc	phone-261125-002-1	2026-11-27 10:25:16.579+00	2026-11-27 10:28:51.579+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 10:25:17.579+00	2026-11-27 10:28:52.579+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a212e8-fe33-73d2-8674-f88c00869654
01a21380-fe0f-700b-acc0-741a09458366	laptop-261125-003-0	2026-11-25 16:19:09.479+00	2026-11-25 16:32:46.479+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 16:19:10.479+00	2026-11-25 16:32:47.479+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21380-fe0f-7501-b306-b7f58628f744
01a213c3-3b19-79ca-9034-e511d3cd4742	phone-261125-004-0	2026-11-25 17:31:30.481+00	2026-11-25 17:45:10.481+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 17:31:31.481+00	2026-11-25 17:45:11.481+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213c3-3b19-7e1d-a454-71bdfdba8a62
01a218eb-03e0-7d16-8219-51c2e61d0b4a	phone-261125-004-1	2026-11-26 17:33:03.864+00	2026-11-26 17:34:53.864+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-26 17:33:04.864+00	2026-11-26 17:34:54.864+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213c3-3b19-7e1d-a454-71bdfdba8a62
01a2139a-a4d7-77d2-b988-61da7a87c94f	phone-261125-005-0	2026-11-25 16:47:10.575+00	2026-11-25 16:51:33.575+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 16:47:11.575+00	2026-11-25 16:51:34.575+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2139a-a4d7-70a3-b2a5-98cde7e718d1
01a21608-3b9f-7d21-ae52-e774c36284a5	phone-261125-005-1	2026-11-26 04:06:07.031+00	2026-11-26 04:11:34.031+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 04:06:08.031+00	2026-11-26 04:11:35.031+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2139a-a4d7-70a3-b2a5-98cde7e718d1
01a21c59-af5b-794d-b347-b41d296e7390	phone-261125-005-2	2026-11-27 09:32:48.371+00	2026-11-27 09:39:47.371+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 09:32:49.371+00	2026-11-27 09:39:48.371+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2139a-a4d7-70a3-b2a5-98cde7e718d1
01a21285-d3a4-7d1e-9a2c-132253c187e8	phone-261125-006-0	2026-11-25 11:44:49.084+00	2026-11-25 12:00:25.084+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 11:44:50.084+00	2026-11-25 12:00:26.084+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21285-d3a4-734d-a3ee-6fb41556db18
01a213c4-0c56-7f1b-8388-fc0725afd613	phone-261125-007-0	2026-11-25 17:32:24.046+00	2026-11-25 17:40:26.046+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 17:32:25.046+00	2026-11-25 17:40:27.046+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213c4-0c56-72b7-b915-1ffe5ee30aed
01a21167-96d4-77b7-8b18-d1630839abab	laptop-261125-008-0	2026-11-25 06:32:10.22+00	2026-11-25 06:40:49.22+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 06:32:11.22+00	2026-11-25 06:40:50.22+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21167-96d4-74cb-a0f4-946d1029d2a6
01a21397-f092-7f89-a84b-aa1a76a7f489	laptop-261125-009-0	2026-11-25 16:44:13.354+00	2026-11-25 17:06:33.354+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 16:44:14.354+00	2026-11-25 17:06:34.354+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21397-f092-7e9a-999e-77fa729c364d
01a2121f-59b8-7061-96bd-58c483d384bd	laptop-261125-010-0	2026-11-25 09:52:53.2+00	2026-11-25 09:54:45.2+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-25 09:52:54.2+00	2026-11-25 09:54:46.2+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2121f-59b8-7888-821e-b827da6b0117
01a21260-ceea-77a0-88e5-2280cf0a8413	phone-261125-011-0	2026-11-25 11:04:23.042+00	2026-11-25 11:07:54.042+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-25 11:04:24.042+00	2026-11-25 11:07:55.042+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21260-ceea-7329-80ff-69e3f5754bc7
01a213ec-5269-7e0d-8504-b1ad1a84a901	laptop-261125-012-0	2026-11-25 18:16:23.425+00	2026-11-25 18:18:15.425+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 18:16:24.425+00	2026-11-25 18:18:16.425+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213ec-5269-72b7-83ed-ad5fd9d126a2
01a213f9-40a3-748b-bbb7-a846f17a6918	laptop-261125-013-0	2026-11-25 18:30:30.843+00	2026-11-25 18:40:44.843+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 18:30:31.843+00	2026-11-25 18:40:45.843+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213f9-40a3-7724-9cc3-6abaa32e88d7
01a21373-33ab-7aa0-bcdd-66127237d017	phone-261125-014-0	2026-11-25 16:04:05.699+00	2026-11-25 16:12:18.699+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 16:04:06.699+00	2026-11-25 16:12:19.699+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21373-33ab-731c-98e6-7793372401d2
01a21892-72f9-7073-af44-cff9418446b1	phone-261125-014-1	2026-11-26 15:56:19.601+00	2026-11-26 16:09:41.601+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 15:56:20.601+00	2026-11-26 16:09:42.601+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21373-33ab-731c-98e6-7793372401d2
01a2118d-d71d-7b9b-b6df-291a0dc3954d	phone-261125-015-0	2026-11-25 07:13:57.045+00	2026-11-25 07:18:55.045+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-25 07:13:58.045+00	2026-11-25 07:18:56.045+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2118d-d71d-7f20-9179-8e6f6a22fc70
01a2196f-4a2a-7fe5-b31a-8d42b7cc522d	phone-261125-015-1	2026-11-26 19:57:32.61+00	2026-11-26 19:59:53.61+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 19:57:33.61+00	2026-11-26 19:59:54.61+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2118d-d71d-7f20-9179-8e6f6a22fc70
01a213e7-3dbc-7889-a781-4e69482f711a	phone-261125-016-0	2026-11-25 18:10:50.452+00	2026-11-25 18:15:04.452+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 18:10:51.452+00	2026-11-25 18:15:05.452+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213e7-3dbc-7679-b7c9-be8fcb90444f
01a21470-2931-7cb5-8f00-4fe28f634a69	phone-261125-017-0	2026-11-25 20:40:23.625+00	2026-11-25 20:52:13.625+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 20:40:24.625+00	2026-11-25 20:52:14.625+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21470-2931-76db-b38c-ec1498cb041a
01a21398-cc54-7aa6-a4b0-b7733e572f34	laptop-261125-018-0	2026-11-25 16:45:09.612+00	2026-11-25 16:46:56.612+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 16:45:10.612+00	2026-11-25 16:46:57.612+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21398-cc54-71de-ae83-cbbbd1911687
01a212ce-969d-7b1a-947a-18d9fb7c3af3	laptop-261125-019-0	2026-11-25 13:04:17.589+00	2026-11-25 13:07:20.589+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 13:04:18.589+00	2026-11-25 13:07:21.589+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a212ce-969d-766c-a5ea-ea74ac8b2a6c
01a2125e-ab8e-717e-a721-52710e1cb04a	laptop-261125-020-0	2026-11-25 11:02:02.918+00	2026-11-25 11:04:05.918+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 11:02:03.918+00	2026-11-25 11:04:06.918+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2125e-ab8e-7e78-958e-a6bde97d0d6a
01a212e0-353e-7ebe-bcff-5a49e7602c13	phone-261125-021-0	2026-11-25 13:23:32.31+00	2026-11-25 13:26:47.31+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-25 13:23:33.31+00	2026-11-25 13:26:48.31+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a212e0-353e-78ee-8aa4-1ffe87e45d01
01a218c7-ebc5-71cd-936d-f12f9b52f747	phone-261125-021-1	2026-11-26 16:54:43.933+00	2026-11-26 16:59:00.933+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 16:54:44.933+00	2026-11-26 16:59:01.933+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a212e0-353e-78ee-8aa4-1ffe87e45d01
01a21c63-a795-7d07-b703-a49b60ee90b7	phone-261125-021-2	2026-11-27 09:43:41.741+00	2026-11-27 09:48:46.741+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 09:43:42.741+00	2026-11-27 09:48:47.741+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a212e0-353e-78ee-8aa4-1ffe87e45d01
01a2125d-e4db-7cc6-9ab3-208811be45c4	phone-261125-022-0	2026-11-25 11:01:12.051+00	2026-11-25 11:21:53.051+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-25 11:01:13.051+00	2026-11-25 11:21:54.051+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2125d-e4db-7840-bc03-a43dadffaaef
01a21761-55ba-796c-bb89-a9ab1361eb5f	phone-261125-022-1	2026-11-26 10:23:03.634+00	2026-11-26 10:29:26.634+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 10:23:04.634+00	2026-11-26 10:29:27.634+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2125d-e4db-7840-bc03-a43dadffaaef
01a21294-7f8c-7564-88b7-a79428b64281	laptop-261125-023-0	2026-11-25 12:00:50.596+00	2026-11-25 12:06:39.596+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 12:00:51.596+00	2026-11-25 12:06:40.596+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21294-7f8c-7767-bad5-dd9af281ca30
01a21498-7090-7b64-a112-2ac083a899d5	laptop-261125-024-0	2026-11-25 21:24:23.336+00	2026-11-25 21:25:33.336+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 21:24:24.336+00	2026-11-25 21:25:34.336+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21498-7090-7f87-afab-2e1bac10e7f8
01a211e4-6658-7a81-9b7b-6efdbf71113f	laptop-261125-025-0	2026-11-25 08:48:29.808+00	2026-11-25 08:59:47.808+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-25 08:48:30.808+00	2026-11-25 08:59:48.808+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a211e4-6658-7ef5-9fe5-4a21e2c4952d
01a2132b-7359-74f8-baf2-0a9e3728fba1	laptop-261125-026-0	2026-11-25 14:45:43.409+00	2026-11-25 14:53:31.409+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 14:45:44.409+00	2026-11-25 14:53:32.409+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2132b-7359-7dd0-8f69-fce4e6065460
01a21cab-6b20-760e-9aa6-08111203cd1e	laptop-261125-026-1	2026-11-27 11:02:04.856+00	2026-11-27 11:03:12.856+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 11:02:05.856+00	2026-11-27 11:03:13.856+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2132b-7359-7dd0-8f69-fce4e6065460
01a2131e-130d-7984-a960-7bcc0e687a3c	laptop-261125-027-0	2026-11-25 14:31:06.789+00	2026-11-25 14:33:40.789+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 14:31:07.789+00	2026-11-25 14:33:41.789+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2131e-130d-78a0-abe8-7a8e677b1725
01a213b1-e44f-72a8-a436-aab932e6a5b7	phone-261125-028-0	2026-11-25 17:12:34.151+00	2026-11-25 17:15:24.151+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 17:12:35.151+00	2026-11-25 17:15:25.151+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213b1-e44f-7b0c-968d-ed7830ad9b4d
01a21c49-ef7a-7f1c-9b9a-a00271d4ce38	phone-261125-028-1	2026-11-27 09:15:36.21+00	2026-11-27 09:18:52.21+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 09:15:37.21+00	2026-11-27 09:18:53.21+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213b1-e44f-7b0c-968d-ed7830ad9b4d
01a2115c-fa26-7a0e-892d-db1a4f3d2461	laptop-261125-029-0	2026-11-25 06:20:34.75+00	2026-11-25 06:24:14.75+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-25 06:20:35.75+00	2026-11-25 06:24:15.75+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2115c-fa26-7058-8f3b-e8ac81c31dd0
01a214c0-8480-7b55-a5af-db6b53ea256e	laptop-261125-030-0	2026-11-25 22:08:09.88+00	2026-11-25 22:18:19.88+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 22:08:10.88+00	2026-11-25 22:18:20.88+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a214c0-8480-7a1f-a376-4bf923b3293a
01a21c5d-c174-71a7-9b2a-96732bf3748d	laptop-261125-030-1	2026-11-27 09:37:15.148+00	2026-11-27 09:52:08.148+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 09:37:16.148+00	2026-11-27 09:52:09.148+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a214c0-8480-7a1f-a376-4bf923b3293a
01a21488-ca95-7d07-85d4-fb2cebf4bd8c	phone-261125-031-0	2026-11-25 21:07:17.805+00	2026-11-25 21:14:32.805+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 21:07:18.805+00	2026-11-25 21:14:33.805+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21488-ca95-7f94-9a20-0ec73ce23c9f
01a21760-a060-7d83-8a05-dacb6b03d5c6	laptop-261125-031-1	2026-11-26 10:22:17.208+00	2026-11-26 10:24:35.208+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-26 10:22:18.208+00	2026-11-26 10:24:36.208+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21760-a060-77cf-affc-90e49b84e3ec
01a2134a-44e7-704c-8543-17645bb7ca95	phone-261125-032-0	2026-11-25 15:19:23.135+00	2026-11-25 15:24:51.135+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 15:19:24.135+00	2026-11-25 15:24:52.135+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2134a-44e7-72b0-8e0c-4a17029ea635
01a2129c-52fb-7c2c-b5c9-52803f259bb5	laptop-261125-033-0	2026-11-25 12:09:23.475+00	2026-11-25 12:14:02.475+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 12:09:24.475+00	2026-11-25 12:14:03.475+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2129c-52fb-74a4-9c87-0cfc57bd62d8
01a218a8-d7ac-7df7-b29e-e49fbda8dc01	laptop-261125-033-1	2026-11-26 16:20:47.172+00	2026-11-26 16:31:51.172+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-26 16:20:48.172+00	2026-11-26 16:31:52.172+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2129c-52fb-74a4-9c87-0cfc57bd62d8
01a21397-d6e2-7fbb-877a-6196d43afea2	laptop-261125-034-0	2026-11-25 16:44:06.778+00	2026-11-25 16:48:54.778+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-25 16:44:07.778+00	2026-11-25 16:48:55.778+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21397-d6e2-7c3d-be27-4fc0c870e33d
01a21411-8f33-74da-8278-894d08835071	laptop-261125-035-0	2026-11-25 18:57:03.819+00	2026-11-25 19:03:39.819+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-25 18:57:04.819+00	2026-11-25 19:03:40.819+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21411-8f33-7e03-a643-10bdf1c3ff59
01a213ac-e076-70c9-a1eb-245ca08e238a	phone-261125-036-0	2026-11-25 17:07:05.486+00	2026-11-25 17:09:43.486+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 17:07:06.486+00	2026-11-25 17:09:44.486+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213ac-e076-7de2-9041-00bbb859d9ff
01a213d9-a960-77ab-aed2-8b5d6ee6de84	phone-261125-037-0	2026-11-25 17:56:00.504+00	2026-11-25 18:06:56.504+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 17:56:01.504+00	2026-11-25 18:06:57.504+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213d9-a960-7ca6-ba05-69630ff9ecfc
01a219a0-fd96-7c3b-b2ea-dc0bd831621b	phone-261125-037-1	2026-11-26 20:51:49.806+00	2026-11-26 20:57:47.806+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 20:51:50.806+00	2026-11-26 20:57:48.806+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a213d9-a960-7ca6-ba05-69630ff9ecfc
01a21275-9db4-753f-b2ff-f674ebf0eed8	phone-261125-038-0	2026-11-25 11:27:06.7+00	2026-11-25 11:33:20.7+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-25 11:27:07.7+00	2026-11-25 11:33:21.7+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21275-9db4-7d8e-bb8c-ae0f98ecb702
01a21a0c-7149-7401-90e8-9838deb8c5f8	laptop-261126-000-0	2026-11-26 22:49:11.777+00	2026-11-26 22:57:14.777+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 22:49:12.777+00	2026-11-26 22:57:15.777+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21a0c-7149-7a41-8093-ac70e2c56f5e
01a219da-7277-72cd-b87c-b3a3b57f0923	laptop-261126-001-0	2026-11-26 21:54:35.279+00	2026-11-26 21:57:58.279+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 21:54:36.279+00	2026-11-26 21:57:59.279+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a219da-7277-7413-a42a-2f3274841f8c
01a21cfb-1c45-7599-9b82-fce851666b3c	laptop-261126-001-1	2026-11-27 12:29:07.549+00	2026-11-27 12:34:44.549+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 12:29:08.549+00	2026-11-27 12:34:45.549+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a219da-7277-7413-a42a-2f3274841f8c
01a217d6-6c51-7074-95d9-79bd87713ce4	phone-261126-002-0	2026-11-26 12:30:57.129+00	2026-11-26 12:38:08.129+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 12:30:58.129+00	2026-11-26 12:38:09.129+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a217d6-6c51-711e-973c-42a84d3dca81
01a2199c-b564-7f4d-b0e3-dcef1166b99a	laptop-261126-003-0	2026-11-26 20:47:09.18+00	2026-11-26 21:03:07.18+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 20:47:10.18+00	2026-11-26 21:03:08.18+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2199c-b564-7c73-987d-1f8d4a351bce
01a21850-f69b-79c1-abce-ff86c6f12d86	laptop-261126-004-0	2026-11-26 14:44:47.923+00	2026-11-26 14:52:03.923+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 14:44:48.923+00	2026-11-26 14:52:04.923+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21850-f69b-7e7a-bf85-2493d5c5f41f
01a21b85-2f0d-71d0-be44-7bb2907bd672	laptop-261126-004-1	2026-11-27 05:40:41.893+00	2026-11-27 05:49:49.893+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 05:40:42.893+00	2026-11-27 05:49:50.893+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21850-f69b-7e7a-bf85-2493d5c5f41f
01a219df-ee81-7627-983c-da18154c7757	phone-261126-005-0	2026-11-26 22:00:34.713+00	2026-11-26 22:02:18.713+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 22:00:35.713+00	2026-11-26 22:02:19.713+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a219df-ee81-7bbe-8381-94dcad43a473
01a21880-1427-7055-9332-9fb241ed6032	phone-261126-006-0	2026-11-26 15:36:15.679+00	2026-11-26 15:37:52.679+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 15:36:16.679+00	2026-11-26 15:37:53.679+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21880-1427-7df4-a0ff-7fec8aaf0ad7
01a21bdb-5511-7c8f-a2ed-c634d4f4f9b3	phone-261126-006-1	2026-11-27 07:14:47.721+00	2026-11-27 07:16:11.721+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 07:14:48.721+00	2026-11-27 07:16:12.721+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21880-1427-7df4-a0ff-7fec8aaf0ad7
01a21914-8b3d-7ba6-b955-f12d05861621	laptop-261126-007-0	2026-11-26 18:18:25.493+00	2026-11-26 18:20:04.493+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 18:18:26.493+00	2026-11-26 18:20:05.493+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21914-8b3d-7687-b01f-d734944894f3
01a2185d-ba31-7a13-a773-1b5b85863872	laptop-261126-008-0	2026-11-26 14:58:44.425+00	2026-11-26 15:00:00.425+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 14:58:45.425+00	2026-11-26 15:00:01.425+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2185d-ba31-74d1-8f26-a8764b0f4794
01a21803-ba67-7f69-bcc4-ab64b051219e	laptop-261126-009-0	2026-11-26 13:20:26.239+00	2026-11-26 13:23:26.239+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 13:20:27.239+00	2026-11-26 13:23:27.239+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21803-ba67-7d71-8ac1-b9ecf07c0010
01a21888-a5bd-7a4b-82fc-267cf8e49244	phone-261126-010-0	2026-11-26 15:45:37.237+00	2026-11-26 16:19:17.237+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 15:45:38.237+00	2026-11-26 16:19:18.237+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21888-a5bd-7159-925d-f3497f08b1a3
01a21710-44da-7a6b-8961-253ec6bb8071	laptop-261126-011-0	2026-11-26 08:54:30.898+00	2026-11-26 08:58:01.898+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 08:54:31.898+00	2026-11-26 08:58:02.898+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21710-44da-734a-b987-5c669c06770d
01a21774-bf9e-713d-9ba7-2e93415d0bee	laptop-261126-012-0	2026-11-26 10:44:15.926+00	2026-11-26 10:48:08.926+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 10:44:16.926+00	2026-11-26 10:48:09.926+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21774-bf9e-732a-82d5-4f66ab0749fb
01a216f7-0834-70a2-9652-4f7c67e0acf9	phone-261126-013-0	2026-11-26 08:26:56.972+00	2026-11-26 08:35:32.972+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 08:26:57.972+00	2026-11-26 08:35:33.972+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a216f7-0834-7f29-a519-b43f0862435d
01a21d27-1ae9-708a-919c-7ea56a1232a7	phone-261126-013-1	2026-11-27 13:17:10.785+00	2026-11-27 13:19:59.785+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 13:17:11.785+00	2026-11-27 13:20:00.785+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a216f7-0834-7f29-a519-b43f0862435d
01a218ef-0a67-785e-8ac4-c21708c9588e	phone-261126-014-0	2026-11-26 17:37:27.679+00	2026-11-26 17:39:39.679+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 17:37:28.679+00	2026-11-26 17:39:40.679+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a218ef-0a67-72a1-b493-75c02e2e03b0
01a21ebc-1f67-71c0-8d2d-6a6ad8faae25	laptop-261126-014-1	2026-11-27 20:39:34.015+00	2026-11-27 20:49:17.015+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 20:39:35.015+00	2026-11-27 20:49:18.015+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21ebc-1f67-7604-8af7-38a5fe12f345
01a2191e-da01-7613-88d8-a47e3dd1063e	laptop-261126-015-0	2026-11-26 18:29:41.017+00	2026-11-26 18:40:58.017+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 18:29:42.017+00	2026-11-26 18:40:59.017+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2191e-da01-7aca-9733-15ad4ffe9eb9
01a216b1-ab0b-76f0-a33a-0a4ac3854db8	phone-261126-016-0	2026-11-26 07:11:11.139+00	2026-11-26 07:18:41.139+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 07:11:12.139+00	2026-11-26 07:18:42.139+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a216b1-ab0b-7683-8151-84b802623d66
01a2183a-eb54-782a-92e1-b800d145592f	laptop-261126-017-0	2026-11-26 14:20:43.244+00	2026-11-26 14:22:08.244+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 14:20:44.244+00	2026-11-26 14:22:09.244+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2183a-eb54-7b2c-9922-53e7d90e776e
01a21721-e130-731b-a5b9-6815429ad298	laptop-261126-018-0	2026-11-26 09:13:45.032+00	2026-11-26 09:22:21.032+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 09:13:46.032+00	2026-11-26 09:22:22.032+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21721-e130-768d-8623-2a427a10d0e4
01a21eee-9319-7dea-a282-bf96ece0fabc	laptop-261126-018-1	2026-11-27 21:34:40.433+00	2026-11-27 21:37:32.433+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 21:34:41.433+00	2026-11-27 21:37:33.433+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21721-e130-768d-8623-2a427a10d0e4
01a21853-7aeb-7fd1-81a2-6bcc8fea8b8d	phone-261126-019-0	2026-11-26 14:47:32.867+00	2026-11-26 14:48:38.867+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 14:47:33.867+00	2026-11-26 14:48:39.867+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21853-7aeb-7358-8611-02a8cb8fc1c8
01a218de-c433-72fc-a862-e632a9687262	laptop-261126-020-0	2026-11-26 17:19:41.131+00	2026-11-26 17:23:07.131+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 17:19:42.131+00	2026-11-26 17:23:08.131+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a218de-c433-7aae-a6d4-07e2063e62b4
01a217e8-c73a-7507-a0cf-d8aa578e44c1	phone-261126-021-0	2026-11-26 12:51:00.05+00	2026-11-26 12:53:18.05+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-26 12:51:01.05+00	2026-11-26 12:53:19.05+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a217e8-c73a-7779-aa4d-000940779d88
01a21816-4946-7cfa-91fa-9a3ac0669ef7	phone-261126-022-0	2026-11-26 13:40:42.462+00	2026-11-26 13:55:40.462+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 13:40:43.462+00	2026-11-26 13:55:41.462+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21816-4946-7a25-a331-ae5ec17ca5b2
01a218a7-8ea1-7931-8fff-180d3caf72a7	laptop-261126-023-0	2026-11-26 16:19:22.937+00	2026-11-26 16:20:48.937+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 16:19:23.937+00	2026-11-26 16:20:49.937+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a218a7-8ea1-7218-abcf-b338ebb96bbc
01a218c8-0a97-7aa5-9666-86f142fb2225	laptop-261126-024-0	2026-11-26 16:54:51.823+00	2026-11-26 16:56:00.823+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-26 16:54:52.823+00	2026-11-26 16:56:01.823+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a218c8-0a97-72c0-a76b-15f5d3cb08e0
01a2170b-3ada-7aa5-9a62-8158af4e233a	phone-261126-025-0	2026-11-26 08:49:00.658+00	2026-11-26 08:53:26.658+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-26 08:49:01.658+00	2026-11-26 08:53:27.658+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2170b-3ada-7c59-b801-c2f87f006e0d
01a2168f-a59b-7cbd-b0f5-a0e7fc90de3c	laptop-261126-026-0	2026-11-26 06:34:01.523+00	2026-11-26 06:37:39.523+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-26 06:34:02.523+00	2026-11-26 06:37:40.523+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2168f-a59b-73bb-9816-f059bb842631
01a217ac-12c3-74c2-9c3d-5a0a2ff7527f	phone-261126-027-0	2026-11-26 11:44:41.691+00	2026-11-26 11:55:52.691+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 11:44:42.691+00	2026-11-26 11:55:53.691+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a217ac-12c3-7f49-ac1f-808c97440fc2
01a21959-9ea9-7114-9dab-199ac813d958	phone-261126-028-0	2026-11-26 19:33:52.449+00	2026-11-26 19:35:10.449+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 19:33:53.449+00	2026-11-26 19:35:11.449+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21959-9ea9-7fae-a03b-0cc5c21fa2a2
01a2167f-d1f7-7a91-aa87-02a151d760fe	phone-261126-029-0	2026-11-26 06:16:44.303+00	2026-11-26 07:01:44.303+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 06:16:45.303+00	2026-11-26 07:01:45.303+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2167f-d1f7-77e5-a880-35ad1707336c
01a2187f-fb5b-7141-9694-df9cf1ab3f66	laptop-261126-030-0	2026-11-26 15:36:09.331+00	2026-11-26 15:41:03.331+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 15:36:10.331+00	2026-11-26 15:41:04.331+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2187f-fb5b-7875-94f6-68cf86229e9d
01a217cb-39c9-7e07-a8c6-f353a0c7e8b7	phone-261126-031-0	2026-11-26 12:18:43.297+00	2026-11-26 12:31:44.297+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 12:18:44.297+00	2026-11-26 12:31:45.297+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a217cb-39c9-733f-bb90-acc1866425dd
01a218e9-4937-746a-8800-868681fe37bb	laptop-261126-032-0	2026-11-26 17:31:10.543+00	2026-11-26 18:09:42.543+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 17:31:11.543+00	2026-11-26 18:09:43.543+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a218e9-4937-7472-ba07-667441c1ed1a
01a217ae-cb0e-76d9-8abd-7fbafca4f3af	phone-261126-033-0	2026-11-26 11:47:39.942+00	2026-11-26 11:49:03.942+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 11:47:40.942+00	2026-11-26 11:49:04.942+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a217ae-cb0e-7c3e-88cc-31c77d665218
01a216c5-24a3-7080-8ee7-71ab75194ec7	phone-261126-034-0	2026-11-26 07:32:27.451+00	2026-11-26 07:37:04.451+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 07:32:28.451+00	2026-11-26 07:37:05.451+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a216c5-24a3-7732-8cbd-f2310d18e6e4
01a21712-7148-7bb0-baa0-26290edee88e	laptop-261126-035-0	2026-11-26 08:56:53.344+00	2026-11-26 09:04:02.344+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 08:56:54.344+00	2026-11-26 09:04:03.344+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21712-7148-7449-877b-78dc58fdf612
01a217be-35bc-71d7-862c-61a1b8edab2e	laptop-261126-036-0	2026-11-26 12:04:30.292+00	2026-11-26 12:10:24.292+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 12:04:31.292+00	2026-11-26 12:10:25.292+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a217be-35bc-7cd7-8b04-73f8d7f264c4
01a21e6c-d2e5-7324-bae7-8c73f07ce1b3	laptop-261126-036-1	2026-11-27 19:12:57.085+00	2026-11-27 19:17:03.085+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 19:12:58.085+00	2026-11-27 19:17:04.085+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a217be-35bc-7cd7-8b04-73f8d7f264c4
01a217e8-5419-7089-892e-e2ccba695ec0	laptop-261126-037-0	2026-11-26 12:50:30.577+00	2026-11-26 13:07:40.577+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 12:50:31.577+00	2026-11-26 13:07:41.577+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a217e8-5419-7ad2-91c7-43ab023e0be0
01a21cfd-f019-7604-833b-b32af4d2a171	laptop-261126-037-1	2026-11-27 12:32:12.849+00	2026-11-27 12:36:20.849+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 12:32:13.849+00	2026-11-27 12:36:21.849+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a217e8-5419-7ad2-91c7-43ab023e0be0
01a21946-9033-78f0-bc5e-0f58b6f8585f	phone-261126-038-0	2026-11-26 19:13:03.563+00	2026-11-26 19:16:15.563+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-26 19:13:04.563+00	2026-11-26 19:16:16.563+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21946-9033-7487-aa32-6692286365f0
01a219a9-b006-72f5-b148-9eb337b35ecd	laptop-261126-039-0	2026-11-26 21:01:19.774+00	2026-11-26 21:10:21.774+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 21:01:20.774+00	2026-11-26 21:10:22.774+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a219a9-b006-7c82-9409-f37c78671cd2
01a2195f-38c3-7b98-8871-7d1ab6952b50	laptop-261126-040-0	2026-11-26 19:39:59.579+00	2026-11-26 19:48:54.579+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 19:40:00.579+00	2026-11-26 19:48:55.579+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a2195f-38c3-77cb-a22a-04a7cc7fb006
01a219bd-7853-7fbc-b0bf-8fd40cf519bb	laptop-261126-041-0	2026-11-26 21:22:56.235+00	2026-11-26 21:29:01.235+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-26 21:22:57.235+00	2026-11-26 21:29:02.235+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a219bd-7853-768f-9dae-3af94b8d2080
01a21dd6-da25-76c0-b00c-01424fb56c77	laptop-261127-000-0	2026-11-27 16:29:08.541+00	2026-11-27 16:34:19.541+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 16:29:09.541+00	2026-11-27 16:34:20.541+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21dd6-da25-7b7d-9965-0a60b0c4644b
01a21e2a-f6cd-7c8b-9d64-a489fda799b6	phone-261127-001-0	2026-11-27 18:01:00.901+00	2026-11-27 18:02:04.901+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 18:01:01.901+00	2026-11-27 18:02:05.901+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e2a-f6cd-7ac7-bc88-d1142cd6da93
01a21db0-e5a8-7a2b-b100-4305632e91a9	phone-261127-002-0	2026-11-27 15:47:41.12+00	2026-11-27 16:09:36.12+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 15:47:42.12+00	2026-11-27 16:09:37.12+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21db0-e5a8-7abe-a369-d9a19622ce03
01a21e93-490e-7acb-9b6b-dd74e36be774	laptop-261127-003-0	2026-11-27 19:54:57.702+00	2026-11-27 20:07:08.702+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 19:54:58.702+00	2026-11-27 20:07:09.702+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e93-490e-7228-ac55-9823cb1c054f
01a21c9e-a814-77f7-b622-c20ca8b87b1f	phone-261127-004-0	2026-11-27 10:48:08.492+00	2026-11-27 10:52:59.492+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 10:48:09.492+00	2026-11-27 10:53:00.492+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21c9e-a814-713e-97ee-b2eff01cb79c
01a21e57-bfbc-756a-b636-e8705ea9600b	phone-261127-005-0	2026-11-27 18:49:55.924+00	2026-11-27 18:56:57.924+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-27 18:49:56.924+00	2026-11-27 18:56:58.924+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e57-bfbc-75af-a5ed-72feb5d32f15
01a21d10-7553-7c18-89e0-1b5fa77288e0	laptop-261127-006-0	2026-11-27 12:52:26.603+00	2026-11-27 12:53:47.603+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 12:52:27.603+00	2026-11-27 12:53:48.603+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d10-7553-7c7e-aa2b-e6f11394b583
01a21e0e-d82c-7658-bd24-f8cf2c817bd9	laptop-261127-007-0	2026-11-27 17:30:18.052+00	2026-11-27 17:48:24.052+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 17:30:19.052+00	2026-11-27 17:48:25.052+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e0e-d82c-75d4-8285-0efbd7b45777
01a21e49-33ff-7af1-909b-02a021e64d13	laptop-261127-008-0	2026-11-27 18:34:02.647+00	2026-11-27 18:35:30.647+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 18:34:03.647+00	2026-11-27 18:35:31.647+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e49-33ff-7ecf-9a72-5dc39a00b110
01a21d96-e738-72de-9f12-39b680f5ae88	phone-261127-009-0	2026-11-27 15:19:17.584+00	2026-11-27 15:30:34.584+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 15:19:18.584+00	2026-11-27 15:30:35.584+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d96-e738-7d71-87e5-ee0691f731be
01a21cb8-61f8-7dec-ae9f-069def35cdf3	laptop-261127-010-0	2026-11-27 11:16:14.48+00	2026-11-27 11:18:40.48+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 11:16:15.48+00	2026-11-27 11:18:41.48+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21cb8-61f8-7a4f-8c67-b184812ba64d
01a21e36-a906-757d-8033-a66d4555d774	phone-261127-011-0	2026-11-27 18:13:47.422+00	2026-11-27 18:23:29.422+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 18:13:48.422+00	2026-11-27 18:23:30.422+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e36-a906-7230-908b-217e91151e4b
01a21c76-ea98-7bde-b941-599a272c7cfe	phone-261127-012-0	2026-11-27 10:04:44.08+00	2026-11-27 10:07:09.08+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 10:04:45.08+00	2026-11-27 10:07:10.08+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21c76-ea98-773d-ab6a-c1a706a48224
01a21bb1-549f-7f4c-91b3-26bf30a51cd7	laptop-261127-013-0	2026-11-27 06:28:55.095+00	2026-11-27 06:41:15.095+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 06:28:56.095+00	2026-11-27 06:41:16.095+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21bb1-549f-718d-ab66-93f5bc0771d9
01a21d69-33f3-72e6-9e62-5fc771ba4034	phone-261127-014-0	2026-11-27 14:29:22.571+00	2026-11-27 14:33:43.571+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 14:29:23.571+00	2026-11-27 14:33:44.571+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d69-33f3-71b4-a008-45cc05ae329a
01a21ed7-7dff-7dc9-8fe2-161c3f8aecbb	laptop-261127-015-0	2026-11-27 21:09:27.703+00	2026-11-27 21:39:33.703+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 21:09:28.703+00	2026-11-27 21:39:34.703+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21ed7-7dff-7ac7-b52a-efad1ce52dfb
01a21d56-d9a7-7fad-b3f0-da9e4650ea17	laptop-261127-016-0	2026-11-27 14:09:19.807+00	2026-11-27 14:13:35.807+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 14:09:20.807+00	2026-11-27 14:13:36.807+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d56-d9a7-7e6e-a813-a2eb5f9be8d8
01a21e55-a8b2-73a9-8618-b4de1b7a9821	phone-261127-017-0	2026-11-27 18:47:38.954+00	2026-11-27 18:51:08.954+00	{}	2026-11-27 18:47:39.954+00	2026-11-27 18:51:09.954+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e55-a8b2-713f-9063-686089a0e4dd
01a21e54-d0fa-7bb8-a3b0-06031e2066f0	laptop-261127-018-0	2026-11-27 18:46:43.73+00	2026-11-27 18:52:14.73+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 18:46:44.73+00	2026-11-27 18:52:15.73+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e54-d0fa-7a3a-8cde-94b2b8793c63
01a21d1d-774d-77dc-8ddc-739c00b072d9	phone-261127-019-0	2026-11-27 13:06:39.077+00	2026-11-27 13:12:05.077+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 13:06:40.077+00	2026-11-27 13:12:06.077+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d1d-774d-7206-bf58-23089aa99d54
01a21cc1-65e8-7125-a99f-6d2899a2e4bb	phone-261127-020-0	2026-11-27 11:26:05.312+00	2026-11-27 11:32:55.312+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 11:26:06.312+00	2026-11-27 11:32:56.312+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21cc1-65e8-7145-938c-6416cf0e680c
01a21ea7-5bc8-78bb-bda7-2baab575d3ab	laptop-261127-021-0	2026-11-27 20:16:53.216+00	2026-11-27 20:20:29.216+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 20:16:54.216+00	2026-11-27 20:20:30.216+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21ea7-5bc8-7163-8b1c-40e97749dc74
01a21bda-dd91-7a52-b694-82080d9ada21	phone-261127-022-0	2026-11-27 07:14:17.129+00	2026-11-27 07:22:04.129+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 07:14:18.129+00	2026-11-27 07:22:05.129+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21bda-dd91-7880-8d3b-1d48146b2928
01a21e2b-2789-77c9-9de4-1f1831fe845a	phone-261127-023-0	2026-11-27 18:01:13.377+00	2026-11-27 18:06:39.377+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 18:01:14.377+00	2026-11-27 18:06:40.377+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e2b-2789-7b36-a3e3-f5476f281b7d
01a21e04-27ec-7a7a-b027-53ad78217fa0	laptop-261127-024-0	2026-11-27 17:18:37.572+00	2026-11-27 17:23:34.572+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 17:18:38.572+00	2026-11-27 17:23:35.572+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e04-27ec-74cd-a70c-6fc1d434f7dc
01a21d88-4a17-7ddc-913a-f60f2599138c	phone-261127-025-0	2026-11-27 15:03:19.855+00	2026-11-27 15:10:46.855+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 15:03:20.855+00	2026-11-27 15:10:47.855+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d88-4a17-758e-928d-49658fb788ef
01a21bdf-e8ce-70ca-bf6c-c81c7b57e0b3	phone-261127-026-0	2026-11-27 07:19:47.686+00	2026-11-27 07:21:37.686+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 07:19:48.686+00	2026-11-27 07:21:38.686+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21bdf-e8ce-7217-a354-68afc2f88bdc
01a21e3c-9459-789e-b285-c2a13ead0fb2	phone-261127-027-0	2026-11-27 18:20:15.345+00	2026-11-27 18:22:05.345+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 18:20:16.345+00	2026-11-27 18:22:06.345+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e3c-9459-7314-8efd-a5d231815fe9
01a21d61-93dd-70db-b54b-b97f4cf0dada	phone-261127-028-0	2026-11-27 14:21:02.837+00	2026-11-27 14:24:35.837+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 14:21:03.837+00	2026-11-27 14:24:36.837+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d61-93dd-7612-8155-c0e1a51eb57f
01a21edb-381a-7daa-9ac1-0081a1ff4132	phone-261127-029-0	2026-11-27 21:13:31.954+00	2026-11-27 21:22:07.954+00	{4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-27 21:13:32.954+00	2026-11-27 21:22:08.954+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21edb-381a-7118-a523-aebfaa9f20d3
01a21e39-5995-7fa2-a65a-d9c97bee5ece	phone-261127-030-0	2026-11-27 18:16:43.693+00	2026-11-27 18:46:17.693+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 18:16:44.693+00	2026-11-27 18:46:18.693+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e39-5995-7e16-8f45-d663fed810a4
01a21cee-285e-7f62-92d4-d3221b3d2781	laptop-261127-031-0	2026-11-27 12:14:58.678+00	2026-11-27 12:20:36.678+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 12:14:59.678+00	2026-11-27 12:20:37.678+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21cee-285e-76ce-b356-bdfdb220efd0
01a21d91-256e-7d76-81b3-b747390ba47f	phone-261127-032-0	2026-11-27 15:13:00.294+00	2026-11-27 15:18:39.294+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 15:13:01.294+00	2026-11-27 15:18:40.294+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d91-256e-7795-b8a1-c9abed30e36d
01a21dbb-5241-70b7-ba20-16d77639e651	laptop-261127-033-0	2026-11-27 15:59:04.281+00	2026-11-27 16:09:10.281+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 15:59:05.281+00	2026-11-27 16:09:11.281+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21dbb-5241-7717-a903-8dae55b10a5d
01a21f36-9fad-7101-9208-f6760cdb49af	phone-261127-034-0	2026-11-27 22:53:22.245+00	2026-11-27 22:59:48.245+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 22:53:23.245+00	2026-11-27 22:59:49.245+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21f36-9fad-7383-8aa9-fda49f95c61b
01a21e93-96d4-7719-bf2c-a0063ec9ae17	phone-261127-035-0	2026-11-27 19:55:17.612+00	2026-11-27 20:01:50.612+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 19:55:18.612+00	2026-11-27 20:01:51.612+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e93-96d4-7691-b8e0-ea244e538c8a
01a21dbd-5782-7f40-9972-248ffe14ee0e	phone-261127-036-0	2026-11-27 16:01:16.698+00	2026-11-27 16:16:27.698+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 16:01:17.698+00	2026-11-27 16:16:28.698+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21dbd-5782-7c6d-916d-e678cf4dd9d5
01a21eaa-b9a3-724d-af9e-167227f86995	phone-261127-037-0	2026-11-27 20:20:33.851+00	2026-11-27 20:31:38.851+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 20:20:34.851+00	2026-11-27 20:31:39.851+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21eaa-b9a3-7455-b2e8-61936534ab1f
01a21e58-ea47-7805-becd-516c02812adb	phone-261127-038-0	2026-11-27 18:51:12.351+00	2026-11-27 19:02:13.351+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 18:51:13.351+00	2026-11-27 19:02:14.351+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e58-ea47-7c92-bc1e-2a4b43c702d4
01a21beb-fc39-728b-94a4-aa66d7419984	phone-261127-039-0	2026-11-27 07:32:59.089+00	2026-11-27 07:41:54.089+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 07:33:00.089+00	2026-11-27 07:41:55.089+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21beb-fc39-7210-a066-f3fbc22a3b23
01a21d48-568a-76a1-8362-0bbdb64d7fc8	phone-261127-040-0	2026-11-27 13:53:28.738+00	2026-11-27 13:55:45.738+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 13:53:29.738+00	2026-11-27 13:55:46.738+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d48-568a-7f63-827e-8a392e807f1f
01a21c06-a237-73a8-8e4c-848d65be660b	phone-261127-041-0	2026-11-27 08:02:05.519+00	2026-11-27 08:13:05.519+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 08:02:06.519+00	2026-11-27 08:13:06.519+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21c06-a237-7160-a708-694bea377911
01a21e1a-b802-7b8c-b493-2c295b8cba72	phone-261127-042-0	2026-11-27 17:43:16.25+00	2026-11-27 17:46:21.25+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61}	2026-11-27 17:43:17.25+00	2026-11-27 17:46:22.25+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e1a-b802-7e50-8522-5b67591ef48d
01a21eed-2aeb-7750-bbee-f7c00e770d52	laptop-261127-043-0	2026-11-27 21:33:08.227+00	2026-11-27 21:36:47.227+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 21:33:09.227+00	2026-11-27 21:36:48.227+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21eed-2aeb-7c69-b3f9-258ab287384a
01a21efa-cfbe-747b-a367-3b0740f2edb5	phone-261127-044-0	2026-11-27 21:48:02.39+00	2026-11-27 22:03:52.39+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 21:48:03.39+00	2026-11-27 22:03:53.39+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21efa-cfbe-7968-bcf1-8247c2492fc6
01a21e2f-eead-7097-b023-331b0137a11d	phone-261127-045-0	2026-11-27 18:06:26.501+00	2026-11-27 18:09:49.501+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 18:06:27.501+00	2026-11-27 18:09:50.501+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e2f-eead-7d98-b120-875c23355d4c
01a21e86-0aeb-7d4d-a205-47f83fd91d56	laptop-261127-046-0	2026-11-27 19:40:29.827+00	2026-11-27 20:01:13.827+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 19:40:30.827+00	2026-11-27 20:01:14.827+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e86-0aeb-7565-a3c0-405faec75b13
01a21d3f-f938-7bb5-8ee9-9f545b620c86	phone-261127-047-0	2026-11-27 13:44:20.56+00	2026-11-27 13:48:43.56+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 13:44:21.56+00	2026-11-27 13:48:44.56+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d3f-f938-7295-8c85-6fc3b9f39e39
01a21c0c-bea0-7c42-8f3c-2a4dd62c78dd	phone-261127-048-0	2026-11-27 08:08:46.008+00	2026-11-27 08:13:37.008+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 08:08:47.008+00	2026-11-27 08:13:38.008+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21c0c-bea0-7f2d-b911-9f4bcc137cd1
01a21d13-b14a-7376-9097-2b3b717e5448	laptop-261127-049-0	2026-11-27 12:55:58.562+00	2026-11-27 12:58:51.562+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 12:55:59.562+00	2026-11-27 12:58:52.562+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d13-b14a-76cc-a618-ec9297ec7ebc
01a21bd1-cc8a-7d3b-81a8-82703f57ab93	laptop-261127-050-0	2026-11-27 07:04:22.946+00	2026-11-27 07:10:16.946+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 07:04:23.946+00	2026-11-27 07:10:17.946+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21bd1-cc8a-74f1-88d9-4d986a372a35
01a21e05-2990-7d78-a0e4-c8f5dac90eb7	phone-261127-051-0	2026-11-27 17:19:43.528+00	2026-11-27 17:24:18.528+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 17:19:44.528+00	2026-11-27 17:24:19.528+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21e05-2990-7649-a31b-cca023a74f2f
01a21cbf-e0cb-7d97-a04a-48d46a9e985b	phone-261127-052-0	2026-11-27 11:24:25.699+00	2026-11-27 11:26:10.699+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 11:24:26.699+00	2026-11-27 11:26:11.699+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21cbf-e0cb-7c7f-98a2-a0575188a0ed
01a21d32-8ad8-7a4e-84a3-fa06fb01617a	phone-261127-053-0	2026-11-27 13:29:40.336+00	2026-11-27 13:34:35.336+00	{69fbff33-9bcd-565a-8eb5-debf5debdb61,22d14351-9d79-5e20-8dd7-2c62f65fbef8}	2026-11-27 13:29:41.336+00	2026-11-27 13:34:36.336+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21d32-8ad8-7f32-b8a3-b4806f5d7e79
01a21bd7-6575-7cc1-9afd-36e69f30afee	phone-261127-054-0	2026-11-27 07:10:29.773+00	2026-11-27 07:31:36.773+00	{22d14351-9d79-5e20-8dd7-2c62f65fbef8,4ccb7204-aaa0-5ea8-a2ac-7dde942299fa}	2026-11-27 07:10:30.773+00	2026-11-27 07:31:37.773+00	c29fd155-8581-5ddc-bc12-a846f10333bc	01a21bd7-6575-7d3c-88f7-36f7e5e42da9
\.



COPY public.orgs_apitoken (id, description, prefix, digest, expires_at, revoked_at, last_used_at, created_at, user_id) FROM stdin;
\.



COPY public.orgs_historyentry (id, kind, object_id, label, action, changes, changed_at, changed_by_name, channel, request_id, changed_by_id, organization_id) FROM stdin;
01a21f43-2c64-7521-9a68-72b0a7034c7b	api_token	01a21f43-2c63-71e8-8292-0de5f78016be	Demo	created	{"user_id": [null, "e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef"]}	2026-11-27 23:07:05.681428+00		command	\N	\N	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21f43-2c66-76bd-a32b-152a115841df	api_token	01a21f43-2c65-743c-a0e8-6dd1a98002bb	Demo	created	{"user_id": [null, "f84c5e65-1e18-5c2e-b78a-7be3b249b8ae"]}	2026-11-27 23:07:05.681428+00		command	\N	\N	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21f43-2c67-7722-8451-1265fa8a49ac	api_token	01a21f43-2c66-76bd-a32b-152b8f4704fc	Demo	created	{"user_id": [null, "742d3852-f7ab-5e2d-800f-a8c18c572465"]}	2026-11-27 23:07:05.681428+00		command	\N	\N	73594217-0039-50b0-b5b6-8c4f78c402a0
01a21f43-2c68-7774-9fc4-c0388807f2c4	api_token	01a21f43-2c67-7722-8451-1266110b3763	Demo	created	{"user_id": [null, "adeba2e0-da79-5e83-bcb9-dca1a59f8e13"]}	2026-11-27 23:07:05.681428+00		command	\N	\N	7aec2043-ad37-5564-b719-fe275a863ba8
01a21f43-2c6b-7463-8065-436a3eceb9c3	goal	b7c3ffc3-b0c9-5cdc-a27f-7aab287c77b7	Bought in the shop	created	{"name": [null, "Bought in the shop"], "conditions": [null, []], "allowed_rooms": [null, []], "default_value": [null, "14.15"], "is_any_room_allowed": [null, true]}	2026-01-01 00:00:00+00	mira.manager@example.com	command	\N	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21f43-2c6e-77c5-844f-7e55ee8f6a9d	goal	158bfc3b-e25e-5678-9b12-4c03b7cc7082	User sent a lead	created	{"name": [null, "User sent a lead"], "conditions": [null, [{"type": 27, "value": "", "negate": false, "settings": {}}]], "allowed_rooms": [null, ["22d14351-9d79-5e20-8dd7-2c62f65fbef8"]], "is_any_room_allowed": [null, false]}	2026-01-02 00:00:00+00	mira.manager@example.com	command	\N	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21f43-2c6f-76ba-847e-2652bbaa1d0d	goal	16e5a2d9-96c2-5a9e-bed2-3f608e146cef	Picked up in the store	created	{"name": [null, "Picked up in the store"], "conditions": [null, []], "allowed_rooms": [null, []], "is_any_room_allowed": [null, true]}	2026-01-03 00:00:00+00	mira.manager@example.com	command	\N	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21f43-2c70-70b8-b523-fe7fadff8eb4	goal	cee1e117-6657-5672-87fd-5baada3c16ac	Signed a contract	created	{"name": [null, "Signed a contract"], "conditions": [null, []], "allowed_rooms": [null, []], "is_any_room_allowed": [null, true]}	2026-01-04 00:00:00+00	mira.manager@example.com	command	\N	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef	c29fd155-8581-5ddc-bc12-a846f10333bc
01a21f43-2c72-73f1-9b77-6e56efb238e8	goal	85691ce2-2e93-55bd-a701-94d80945b7b3	Another organization's goal	created	{"name": [null, "Another organization's goal"], "conditions": [null, []], "allowed_rooms": [null, []], "is_any_room_allowed": [null, true]}	2026-01-01 00:00:00+00	olga.other@example.net	command	\N	742d3852-f7ab-5e2d-800f-a8c18c572465	73594217-0039-50b0-b5b6-8c4f78c402a0
01a21f43-2ccb-7474-b848-248ffd9217e9	user	8580a919-3378-5493-8d16-e62eb80497b2	admin@example.com	changed	{"password": ["…", "…"], "is_superuser": [null, true]}	2026-11-27 23:07:05.681428+00		command	\N	\N	\N
\.



COPY public.orgs_organization (id, name, subscription_expires_on, created_at, updated_at) FROM stdin;
c29fd155-8581-5ddc-bc12-a846f10333bc	Example Ltd.	2099-12-31	2026-11-27 23:07:05.685747+00	2026-11-27 23:07:05.685788+00
73594217-0039-50b0-b5b6-8c4f78c402a0	Another Ltd.	2099-12-31	2026-11-27 23:07:05.687118+00	2026-11-27 23:07:05.687123+00
7aec2043-ad37-5564-b719-fe275a863ba8	Expired Ltd.	2020-12-31	2026-11-27 23:07:05.688099+00	2026-11-27 23:07:05.688104+00
\.



COPY public.orgs_ratewindow (token_id, started_at, requests) FROM stdin;
\.



COPY public.orgs_room (id, name, domain, language_code, archived_at, created_at, updated_at, organization_id) FROM stdin;
22d14351-9d79-5e20-8dd7-2c62f65fbef8	Web shop	shop.example.com	en	\N	2026-11-27 23:07:05.689664+00	2026-11-27 23:07:05.689672+00	c29fd155-8581-5ddc-bc12-a846f10333bc
69fbff33-9bcd-565a-8eb5-debf5debdb61	Blog	blog.example.com	en	\N	2026-11-27 23:07:05.691177+00	2026-11-27 23:07:05.691182+00	c29fd155-8581-5ddc-bc12-a846f10333bc
4ccb7204-aaa0-5ea8-a2ac-7dde942299fa	Store in Helsinki	\N	en	\N	2026-11-27 23:07:05.69218+00	2026-11-27 23:07:05.692184+00	c29fd155-8581-5ddc-bc12-a846f10333bc
7627761a-6c7f-582c-a42c-27ec5099a25b	Other shop	shop.example.net	en	\N	2026-11-27 23:07:05.693068+00	2026-11-27 23:07:05.693071+00	73594217-0039-50b0-b5b6-8c4f78c402a0
\.



COPY public.orgs_user (password, last_login, id, email, first_name, last_name, scopes, is_bot, is_active, is_staff, is_superuser, created_at, updated_at, organization_id) FROM stdin;
!	\N	e04d93ae-934c-51c9-a73c-6e6e7ee7c4ef	mira.manager@example.com	Mira	Manager	{settings,reports,users}	f	t	f	f	2026-11-27 23:07:05.694552+00	2026-11-27 23:07:05.694556+00	c29fd155-8581-5ddc-bc12-a846f10333bc
!	\N	f84c5e65-1e18-5c2e-b78a-7be3b249b8ae	ivo.integrator@example.com	Ivo	Integrator	{}	t	t	f	f	2026-11-27 23:07:05.69622+00	2026-11-27 23:07:05.696224+00	c29fd155-8581-5ddc-bc12-a846f10333bc
!	\N	742d3852-f7ab-5e2d-800f-a8c18c572465	olga.other@example.net	Olga	Other	{settings,reports,users}	f	t	f	f	2026-11-27 23:07:05.69719+00	2026-11-27 23:07:05.697194+00	73594217-0039-50b0-b5b6-8c4f78c402a0
!	\N	adeba2e0-da79-5e83-bcb9-dca1a59f8e13	eve.expired@example.org	Eve	Expired	{settings,reports,users}	f	t	f	f	2026-11-27 23:07:05.69814+00	2026-11-27 23:07:05.698143+00	7aec2043-ad37-5564-b719-fe275a863ba8
!	\N	8580a919-3378-5493-8d16-e62eb80497b2	admin@example.com	Ada	Admin	{}	f	t	t	t	2026-11-27 23:07:05.793891+00	2026-11-27 23:07:05.793906+00	\N
\.



COPY public.procrastinate_events (id, job_id, type, at) FROM stdin;
\.



COPY public.procrastinate_jobs (id, queue_name, task_name, lock, args, status, scheduled_at, attempts, queueing_lock, priority, abort_requested, worker_id) FROM stdin;
\.



COPY public.procrastinate_periodic_defers (id, task_name, defer_timestamp, job_id, periodic_id) FROM stdin;
\.



COPY public.procrastinate_workers (id, last_heartbeat) FROM stdin;
\.



COPY public.replica_latestwrite (organization_id, wrote_at) FROM stdin;
\.



SELECT pg_catalog.setval('public.auth_group_id_seq', 1, false);



SELECT pg_catalog.setval('public.auth_group_permissions_id_seq', 1, false);



SELECT pg_catalog.setval('public.auth_permission_id_seq', 128, true);



SELECT pg_catalog.setval('public.axes_accessattempt_id_seq', 1, false);



SELECT pg_catalog.setval('public.axes_accessfailurelog_id_seq', 1, false);



SELECT pg_catalog.setval('public.axes_accesslog_id_seq', 1, false);



SELECT pg_catalog.setval('public.django_admin_log_id_seq', 1, false);



SELECT pg_catalog.setval('public.django_content_type_id_seq', 32, true);



SELECT pg_catalog.setval('public.django_migrations_id_seq', 73, true);



SELECT pg_catalog.setval('public.procrastinate_events_id_seq', 1, false);



SELECT pg_catalog.setval('public.procrastinate_jobs_id_seq', 1, false);



SELECT pg_catalog.setval('public.procrastinate_periodic_defers_id_seq', 1, false);



SELECT pg_catalog.setval('public.procrastinate_workers_id_seq', 1, false);



ALTER TABLE ONLY public.orgs_apitoken
    ADD CONSTRAINT api_token_digest_unique UNIQUE (digest);



ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_name_key UNIQUE (name);



ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_permission_id_0cd325b0_uniq UNIQUE (group_id, permission_id);



ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_codename_01ab375a_uniq UNIQUE (content_type_id, codename);



ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.axes_accessattempt
    ADD CONSTRAINT axes_accessattempt_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.axes_accessattempt
    ADD CONSTRAINT axes_accessattempt_username_ip_address_user_agent_8ea22282_uniq UNIQUE (username, ip_address, user_agent);



ALTER TABLE ONLY public.axes_accessattemptexpiration
    ADD CONSTRAINT axes_accessattemptexpiration_pkey PRIMARY KEY (access_attempt_id);



ALTER TABLE ONLY public.axes_accessfailurelog
    ADD CONSTRAINT axes_accessfailurelog_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.axes_accesslog
    ADD CONSTRAINT axes_accesslog_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);



ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);



ALTER TABLE ONLY public.goals_goalroom
    ADD CONSTRAINT goal_room_unique UNIQUE (organization_id, goal_id, room_id);



ALTER TABLE ONLY public.goals_goal
    ADD CONSTRAINT goals_goal_pkey PRIMARY KEY (organization_id, id);



ALTER TABLE ONLY public.goals_goalroom
    ADD CONSTRAINT goals_goalroom_pkey PRIMARY KEY (organization_id, id);



ALTER TABLE ONLY public.matching_idempotencykey
    ADD CONSTRAINT idempotency_key_unique UNIQUE (organization_id, endpoint, key);



ALTER TABLE ONLY public.matching_importrun
    ADD CONSTRAINT import_run_unique UNIQUE (organization_id, kind, digest);



ALTER TABLE ONLY public.matching_chore
    ADD CONSTRAINT matching_chore_pkey PRIMARY KEY (name);



ALTER TABLE ONLY public.matching_externalmatch
    ADD CONSTRAINT matching_externalmatch_pkey PRIMARY KEY (organization_id, id);



ALTER TABLE ONLY public.matching_idempotencykey
    ADD CONSTRAINT matching_idempotencykey_pkey PRIMARY KEY (organization_id, id);



ALTER TABLE ONLY public.matching_importrun
    ADD CONSTRAINT matching_importrun_pkey PRIMARY KEY (organization_id, id);



ALTER TABLE ONLY public.matching_matchattempt
    ADD CONSTRAINT matching_matchattempt_pkey PRIMARY KEY (organization_id, id);



ALTER TABLE ONLY public.matching_pendingmatch
    ADD CONSTRAINT matching_pendingmatch_pkey PRIMARY KEY (organization_id, id);



ALTER TABLE ONLY public.matching_replaytally
    ADD CONSTRAINT matching_replaytally_pkey PRIMARY KEY (organization_id, id);



ALTER TABLE ONLY public.matching_visitor
    ADD CONSTRAINT matching_visitor_pkey PRIMARY KEY (organization_id, id);



ALTER TABLE ONLY public.matching_visitoridentity
    ADD CONSTRAINT matching_visitoridentity_pkey PRIMARY KEY (organization_id, id);



ALTER TABLE ONLY public.matching_visitorsession
    ADD CONSTRAINT matching_visitorsession_pkey PRIMARY KEY (organization_id, id);



ALTER TABLE ONLY public.orgs_apitoken
    ADD CONSTRAINT orgs_apitoken_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.orgs_historyentry
    ADD CONSTRAINT orgs_historyentry_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.orgs_organization
    ADD CONSTRAINT orgs_organization_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.orgs_ratewindow
    ADD CONSTRAINT orgs_ratewindow_pkey PRIMARY KEY (token_id);



ALTER TABLE ONLY public.orgs_room
    ADD CONSTRAINT orgs_room_pkey PRIMARY KEY (organization_id, id);



ALTER TABLE ONLY public.orgs_user
    ADD CONSTRAINT orgs_user_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.matching_pendingmatch
    ADD CONSTRAINT pending_match_settled_once UNIQUE (match_id, organization_id);



ALTER TABLE ONLY public.procrastinate_events
    ADD CONSTRAINT procrastinate_events_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_unique UNIQUE (task_name, periodic_id, defer_timestamp);



ALTER TABLE ONLY public.procrastinate_workers
    ADD CONSTRAINT procrastinate_workers_pkey PRIMARY KEY (id);



ALTER TABLE ONLY public.matching_replaytally
    ADD CONSTRAINT replay_tally_unique UNIQUE (organization_id, goal_id, day);



ALTER TABLE ONLY public.replica_latestwrite
    ADD CONSTRAINT replica_latestwrite_pkey PRIMARY KEY (organization_id);



ALTER TABLE ONLY public.orgs_room
    ADD CONSTRAINT room_domain_unique UNIQUE (organization_id, domain);



ALTER TABLE ONLY public.matching_visitoridentity
    ADD CONSTRAINT visitor_identity_unique UNIQUE (organization_id, identity, visitor_id);



ALTER TABLE ONLY public.matching_visitorsession
    ADD CONSTRAINT visitor_session_unique UNIQUE (organization_id, visitor_session_id);



ALTER TABLE ONLY public.matching_visitor
    ADD CONSTRAINT visitor_unique UNIQUE (organization_id, visitor_id);



CREATE INDEX auth_group_name_a6ea08ec_like ON public.auth_group USING btree (name varchar_pattern_ops);



CREATE INDEX auth_group_permissions_group_id_b120cbf9 ON public.auth_group_permissions USING btree (group_id);



CREATE INDEX auth_group_permissions_permission_id_84c5c92e ON public.auth_group_permissions USING btree (permission_id);



CREATE INDEX auth_permission_content_type_id_2f476e4b ON public.auth_permission USING btree (content_type_id);



CREATE INDEX axes_accessattempt_ip_address_10922d9c ON public.axes_accessattempt USING btree (ip_address);



CREATE INDEX axes_accessattempt_user_agent_ad89678b ON public.axes_accessattempt USING btree (user_agent);



CREATE INDEX axes_accessattempt_user_agent_ad89678b_like ON public.axes_accessattempt USING btree (user_agent varchar_pattern_ops);



CREATE INDEX axes_accessattempt_username_3f2d4ca0 ON public.axes_accessattempt USING btree (username);



CREATE INDEX axes_accessattempt_username_3f2d4ca0_like ON public.axes_accessattempt USING btree (username varchar_pattern_ops);



CREATE INDEX axes_accessfailurelog_ip_address_2e9f5a7f ON public.axes_accessfailurelog USING btree (ip_address);



CREATE INDEX axes_accessfailurelog_user_agent_ea145dda ON public.axes_accessfailurelog USING btree (user_agent);



CREATE INDEX axes_accessfailurelog_user_agent_ea145dda_like ON public.axes_accessfailurelog USING btree (user_agent varchar_pattern_ops);



CREATE INDEX axes_accessfailurelog_username_a8b7e8a4 ON public.axes_accessfailurelog USING btree (username);



CREATE INDEX axes_accessfailurelog_username_a8b7e8a4_like ON public.axes_accessfailurelog USING btree (username varchar_pattern_ops);



CREATE INDEX axes_accesslog_ip_address_86b417e5 ON public.axes_accesslog USING btree (ip_address);



CREATE INDEX axes_accesslog_user_agent_0e659004 ON public.axes_accesslog USING btree (user_agent);



CREATE INDEX axes_accesslog_user_agent_0e659004_like ON public.axes_accesslog USING btree (user_agent varchar_pattern_ops);



CREATE INDEX axes_accesslog_username_df93064b ON public.axes_accesslog USING btree (username);



CREATE INDEX axes_accesslog_username_df93064b_like ON public.axes_accesslog USING btree (username varchar_pattern_ops);



CREATE INDEX django_admin_log_content_type_id_c4bce8eb ON public.django_admin_log USING btree (content_type_id);



CREATE INDEX django_admin_log_user_id_c564eba6 ON public.django_admin_log USING btree (user_id);



CREATE INDEX django_session_expire_date_a5c62663 ON public.django_session USING btree (expire_date);



CREATE INDEX django_session_session_key_c0390e0f_like ON public.django_session USING btree (session_key varchar_pattern_ops);



CREATE INDEX goal_list ON public.goals_goal USING btree (organization_id, created_at, id) WHERE (deleted_at IS NULL);



CREATE INDEX goals_goal_created_by_id_a2db1288 ON public.goals_goal USING btree (created_by_id);



CREATE INDEX goals_goal_organization_id_a0cb825e ON public.goals_goal USING btree (organization_id);



CREATE INDEX goals_goal_updated_by_id_8aa9fde9 ON public.goals_goal USING btree (updated_by_id);



CREATE INDEX goals_goalroom_room_id_fb7ce4e6 ON public.goals_goalroom USING btree (room_id);



CREATE INDEX history_list ON public.orgs_historyentry USING btree (organization_id, changed_at, id);



CREATE INDEX history_of_object ON public.orgs_historyentry USING btree (object_id, changed_at, id);



CREATE INDEX history_of_person ON public.orgs_historyentry USING btree (changed_by_id, changed_at, id);



CREATE INDEX idempotency_key_age ON public.matching_idempotencykey USING btree (created_at);



CREATE INDEX identity_visitor_list ON public.matching_visitoridentity USING btree (visitor_id, created_at, id);



CREATE INDEX idx_procrastinate_jobs_worker_not_null ON public.procrastinate_jobs USING btree (worker_id) WHERE ((worker_id IS NOT NULL) AND (status = 'doing'::public.procrastinate_job_status));



CREATE INDEX idx_procrastinate_workers_last_heartbeat ON public.procrastinate_workers USING btree (last_heartbeat);



CREATE INDEX import_run_list ON public.matching_importrun USING btree (organization_id, created_at, id);



CREATE INDEX import_run_open ON public.matching_importrun USING btree (created_at) WHERE ((status)::text = ANY ((ARRAY['queued'::character varying, 'running'::character varying])::text[]));



CREATE INDEX match_attempt_code ON public.matching_matchattempt USING btree (organization_id, code, created_at, id);



CREATE INDEX match_attempt_external_id ON public.matching_matchattempt USING btree (organization_id, external_id) WHERE (external_id IS NOT NULL);



CREATE INDEX match_attempt_goal_list ON public.matching_matchattempt USING btree (goal_id, created_at, id);



CREATE INDEX match_attempt_identity_list ON public.matching_matchattempt USING btree (organization_id, visitor_identity, created_at, id);



CREATE INDEX match_attempt_list ON public.matching_matchattempt USING btree (organization_id, created_at, id);



CREATE INDEX match_attempt_newest ON public.matching_matchattempt USING btree (created_at, id);



CREATE INDEX match_attempt_request ON public.matching_matchattempt USING btree (organization_id, request_id, created_at, id) WHERE (request_id IS NOT NULL);



CREATE INDEX match_attempt_source ON public.matching_matchattempt USING btree (organization_id, source, created_at, id);



CREATE UNIQUE INDEX match_external_id_once_a_goal ON public.matching_externalmatch USING btree (organization_id, goal_id, external_id) WHERE (external_id IS NOT NULL);



CREATE INDEX match_goal_list ON public.matching_externalmatch USING btree (goal_id, created_at, id);



CREATE INDEX match_identity_list ON public.matching_externalmatch USING btree (organization_id, visitor_identity, created_at, id);



CREATE INDEX match_list ON public.matching_externalmatch USING btree (organization_id, created_at, id) INCLUDE (created_by_id);



CREATE INDEX match_newest ON public.matching_externalmatch USING btree (created_at, id);



CREATE INDEX match_report ON public.matching_externalmatch USING btree (organization_id, goal_matched_at) INCLUDE (goal_id, goal_value) WHERE (retracted_at IS NULL);



CREATE INDEX match_retracted_list ON public.matching_externalmatch USING btree (organization_id, created_at, id) WHERE (retracted_at IS NOT NULL);



CREATE INDEX match_retracted_newest ON public.matching_externalmatch USING btree (created_at, id) WHERE (retracted_at IS NOT NULL);



CREATE INDEX matching_chore_name_5f251b3f_like ON public.matching_chore USING btree (name varchar_pattern_ops);



CREATE INDEX matching_externalmatch_session_id_e5f8e0c1 ON public.matching_externalmatch USING btree (session_id);



CREATE INDEX matching_pendingmatch_created_by_id_ec399abe ON public.matching_pendingmatch USING btree (created_by_id);



CREATE INDEX orgs_apitoken_user_id_c85d25c2 ON public.orgs_apitoken USING btree (user_id);



CREATE INDEX orgs_room_organization_id_185affc7 ON public.orgs_room USING btree (organization_id);



CREATE INDEX orgs_user_organization_id_8460344a ON public.orgs_user USING btree (organization_id);



CREATE INDEX pending_by_identity ON public.matching_pendingmatch USING btree (organization_id, visitor_identity, id) WHERE ((status)::text = 'pending'::text);



CREATE INDEX pending_external_id ON public.matching_pendingmatch USING btree (organization_id, external_id) WHERE (external_id IS NOT NULL);



CREATE UNIQUE INDEX pending_external_id_once_a_goal ON public.matching_pendingmatch USING btree (organization_id, goal_id, external_id) WHERE ((external_id IS NOT NULL) AND ((status)::text = 'pending'::text));



CREATE INDEX pending_goal_list ON public.matching_pendingmatch USING btree (goal_id, created_at, id);



CREATE INDEX pending_identity_list ON public.matching_pendingmatch USING btree (organization_id, visitor_identity, created_at, id);



CREATE INDEX pending_list ON public.matching_pendingmatch USING btree (organization_id, created_at, id);



CREATE INDEX pending_status_list ON public.matching_pendingmatch USING btree (organization_id, status, created_at, id);



CREATE INDEX pending_status_newest ON public.matching_pendingmatch USING btree (status, id);



CREATE INDEX procrastinate_events_job_id_fkey_v1 ON public.procrastinate_events USING btree (job_id);



CREATE INDEX procrastinate_jobs_id_lock_idx_v1 ON public.procrastinate_jobs USING btree (id, lock) WHERE (status = ANY (ARRAY['todo'::public.procrastinate_job_status, 'doing'::public.procrastinate_job_status]));



CREATE UNIQUE INDEX procrastinate_jobs_lock_idx_v1 ON public.procrastinate_jobs USING btree (lock) WHERE (status = 'doing'::public.procrastinate_job_status);



CREATE INDEX procrastinate_jobs_priority_idx_v1 ON public.procrastinate_jobs USING btree (priority DESC, id) WHERE (status = 'todo'::public.procrastinate_job_status);



CREATE INDEX procrastinate_jobs_queue_name_idx_v1 ON public.procrastinate_jobs USING btree (queue_name);



CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock_idx_v1 ON public.procrastinate_jobs USING btree (queueing_lock) WHERE (status = 'todo'::public.procrastinate_job_status);



CREATE INDEX procrastinate_periodic_defers_job_id_fkey_v1 ON public.procrastinate_periodic_defers USING btree (job_id);



CREATE INDEX room_list ON public.orgs_room USING btree (organization_id, created_at, id);



CREATE INDEX session_latest ON public.matching_visitorsession USING btree (visitor_id, organization_id, started_at DESC, id DESC);



CREATE INDEX session_list ON public.matching_visitorsession USING btree (organization_id, started_at, id);



CREATE UNIQUE INDEX user_email_unique ON public.orgs_user USING btree (lower((email)::text));



CREATE INDEX visitor_identity_list ON public.matching_visitoridentity USING btree (organization_id, created_at, id);



CREATE TRIGGER history_append_only BEFORE DELETE OR UPDATE ON public.orgs_historyentry FOR EACH STATEMENT EXECUTE FUNCTION public.history_is_append_only();



CREATE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1 AFTER UPDATE OF abort_requested ON public.procrastinate_jobs FOR EACH ROW WHEN (((old.abort_requested = false) AND (new.abort_requested = true) AND (new.status = 'doing'::public.procrastinate_job_status))) EXECUTE FUNCTION public.procrastinate_notify_queue_abort_job_v1();



CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 AFTER INSERT ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::public.procrastinate_job_status)) EXECUTE FUNCTION public.procrastinate_notify_queue_job_inserted_v1();



CREATE TRIGGER procrastinate_trigger_abort_requested_events_v1 AFTER UPDATE OF abort_requested ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.abort_requested = true)) EXECUTE FUNCTION public.procrastinate_trigger_abort_requested_events_procedure_v1();



CREATE TRIGGER procrastinate_trigger_delete_jobs_v1 BEFORE DELETE ON public.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION public.procrastinate_unlink_periodic_defers_v1();



CREATE TRIGGER procrastinate_trigger_scheduled_events_v1 AFTER INSERT OR UPDATE ON public.procrastinate_jobs FOR EACH ROW WHEN (((new.scheduled_at IS NOT NULL) AND (new.status = 'todo'::public.procrastinate_job_status))) EXECUTE FUNCTION public.procrastinate_trigger_function_scheduled_events_v1();



CREATE TRIGGER procrastinate_trigger_status_events_insert_v1 AFTER INSERT ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::public.procrastinate_job_status)) EXECUTE FUNCTION public.procrastinate_trigger_function_status_events_insert_v1();



CREATE TRIGGER procrastinate_trigger_status_events_update_v1 AFTER UPDATE OF status ON public.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION public.procrastinate_trigger_function_status_events_update_v1();



ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissio_permission_id_84c5c92e_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.axes_accessattemptexpiration
    ADD CONSTRAINT axes_accessattemptex_access_attempt_id_6b73a47a_fk_axes_acce FOREIGN KEY (access_attempt_id) REFERENCES public.axes_accessattempt(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_content_type_id_c4bce8eb_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_user_id_c564eba6_fk_orgs_user_id FOREIGN KEY (user_id) REFERENCES public.orgs_user(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.goals_goalroom
    ADD CONSTRAINT goal_room_goal FOREIGN KEY (organization_id, goal_id) REFERENCES public.goals_goal(organization_id, id);



ALTER TABLE ONLY public.goals_goalroom
    ADD CONSTRAINT goal_room_room FOREIGN KEY (organization_id, room_id) REFERENCES public.orgs_room(organization_id, id);



ALTER TABLE ONLY public.goals_goal
    ADD CONSTRAINT goals_goal_created_by_id_a2db1288_fk_orgs_user_id FOREIGN KEY (created_by_id) REFERENCES public.orgs_user(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.goals_goal
    ADD CONSTRAINT goals_goal_organization_id_a0cb825e_fk_orgs_organization_id FOREIGN KEY (organization_id) REFERENCES public.orgs_organization(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.goals_goal
    ADD CONSTRAINT goals_goal_updated_by_id_8aa9fde9_fk_orgs_user_id FOREIGN KEY (updated_by_id) REFERENCES public.orgs_user(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.goals_goalroom
    ADD CONSTRAINT goals_goalroom_organization_id_f640da5e_fk_orgs_organization_id FOREIGN KEY (organization_id) REFERENCES public.orgs_organization(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.matching_matchattempt
    ADD CONSTRAINT match_attempt_goal FOREIGN KEY (organization_id, goal_id) REFERENCES public.goals_goal(organization_id, id);



ALTER TABLE ONLY public.matching_externalmatch
    ADD CONSTRAINT match_goal FOREIGN KEY (organization_id, goal_id) REFERENCES public.goals_goal(organization_id, id);



ALTER TABLE ONLY public.matching_externalmatch
    ADD CONSTRAINT match_session FOREIGN KEY (organization_id, session_id) REFERENCES public.matching_visitorsession(organization_id, id);



ALTER TABLE ONLY public.matching_externalmatch
    ADD CONSTRAINT matching_externalmatch_created_by_id_fa494c2d_fk_orgs_user_id FOREIGN KEY (created_by_id) REFERENCES public.orgs_user(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.matching_externalmatch
    ADD CONSTRAINT matching_externalmatch_retracted_by_id_0ae3ac74_fk_orgs_user_id FOREIGN KEY (retracted_by_id) REFERENCES public.orgs_user(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.matching_idempotencykey
    ADD CONSTRAINT matching_idempotency_organization_id_50d5adf8_fk_orgs_orga FOREIGN KEY (organization_id) REFERENCES public.orgs_organization(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.matching_importrun
    ADD CONSTRAINT matching_importrun_created_by_id_52b7dd92_fk_orgs_user_id FOREIGN KEY (created_by_id) REFERENCES public.orgs_user(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.matching_importrun
    ADD CONSTRAINT matching_importrun_organization_id_6174e885_fk_orgs_orga FOREIGN KEY (organization_id) REFERENCES public.orgs_organization(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.matching_matchattempt
    ADD CONSTRAINT matching_matchattemp_organization_id_18b3e61e_fk_orgs_orga FOREIGN KEY (organization_id) REFERENCES public.orgs_organization(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.matching_matchattempt
    ADD CONSTRAINT matching_matchattempt_created_by_id_48db5b02_fk_orgs_user_id FOREIGN KEY (created_by_id) REFERENCES public.orgs_user(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.matching_pendingmatch
    ADD CONSTRAINT matching_pendingmatch_created_by_id_ec399abe_fk_orgs_user_id FOREIGN KEY (created_by_id) REFERENCES public.orgs_user(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.matching_replaytally
    ADD CONSTRAINT matching_replaytally_organization_id_430482c8_fk_orgs_orga FOREIGN KEY (organization_id) REFERENCES public.orgs_organization(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.matching_visitor
    ADD CONSTRAINT matching_visitor_organization_id_830060d0_fk_orgs_orga FOREIGN KEY (organization_id) REFERENCES public.orgs_organization(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.orgs_apitoken
    ADD CONSTRAINT orgs_apitoken_user_id_c85d25c2_fk_orgs_user_id FOREIGN KEY (user_id) REFERENCES public.orgs_user(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.orgs_historyentry
    ADD CONSTRAINT orgs_historyentry_organization_id_d2c03d73_fk_orgs_orga FOREIGN KEY (organization_id) REFERENCES public.orgs_organization(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.orgs_ratewindow
    ADD CONSTRAINT orgs_ratewindow_token_id_ad7e5883_fk_orgs_apitoken_id FOREIGN KEY (token_id) REFERENCES public.orgs_apitoken(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.orgs_room
    ADD CONSTRAINT orgs_room_organization_id_185affc7_fk_orgs_organization_id FOREIGN KEY (organization_id) REFERENCES public.orgs_organization(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.orgs_user
    ADD CONSTRAINT orgs_user_organization_id_8460344a_fk_orgs_organization_id FOREIGN KEY (organization_id) REFERENCES public.orgs_organization(id) DEFERRABLE INITIALLY DEFERRED;



ALTER TABLE ONLY public.matching_pendingmatch
    ADD CONSTRAINT pending_goal FOREIGN KEY (organization_id, goal_id) REFERENCES public.goals_goal(organization_id, id);



ALTER TABLE ONLY public.matching_pendingmatch
    ADD CONSTRAINT pending_match FOREIGN KEY (organization_id, match_id) REFERENCES public.matching_externalmatch(organization_id, id);



ALTER TABLE ONLY public.procrastinate_events
    ADD CONSTRAINT procrastinate_events_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.procrastinate_jobs(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES public.procrastinate_workers(id) ON DELETE SET NULL;



ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.procrastinate_jobs(id);



ALTER TABLE ONLY public.matching_replaytally
    ADD CONSTRAINT replay_tally_goal FOREIGN KEY (organization_id, goal_id) REFERENCES public.goals_goal(organization_id, id);



ALTER TABLE ONLY public.matching_visitoridentity
    ADD CONSTRAINT visitor_identity_visitor FOREIGN KEY (organization_id, visitor_id) REFERENCES public.matching_visitor(organization_id, id);



ALTER TABLE ONLY public.matching_visitorsession
    ADD CONSTRAINT visitor_session_visitor FOREIGN KEY (organization_id, visitor_id) REFERENCES public.matching_visitor(organization_id, id);




