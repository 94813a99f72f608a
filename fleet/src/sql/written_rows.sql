-- $8 commit, $9 reason, $10 writes, $11 lease in milliseconds; of a handoff: $12 parts, $13 session, $14 target, $15 digest,
-- $16 project
, written as (
    select w.* from jsonb_to_recordset(cast($10 as jsonb)) as w (
        id text, before_revision bigint, before_version bigint, revision bigint, fence bigint, name text, status text,
        iteration bigint, session text, project text, owner_machine text, directory text, record jsonb
    )
), differing as (
    select w.id
    from written w left join baton.run r on r.account = current_user::text and r.id = w.id
    where (w.before_revision is null and r.id is not null)
        or (w.before_revision is not null
            and (r.id is null or r.revision <> w.before_revision or r.version <> w.before_version))
        -- A cancelled run never changes again.
        or r.status = 'cancelled'
