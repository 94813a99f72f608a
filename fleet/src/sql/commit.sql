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
), existing as (
    select c.number, c.reason from baton.change c where c.account = current_user::text and c.commit_id = $8
), beside as (
    -- The unfinished runs that this commit leaves as they are.
    select r.id, r.session, r.project, r.name from baton.run r
    where r.account = current_user::text and r.status in ('active', 'waiting', 'paused')
        and r.session in (select session from written)
    union
    select r.id, r.session, r.project, r.name from baton.run r
    where r.account = current_user::text and r.status in ('active', 'waiting', 'paused') and r.session is null
        and r.project in (select project from written where session is null)
), unfinished as (
    select w.id, w.session, w.project, w.name from written w where w.status in ('active', 'waiting', 'paused')
    union all
    select b.id, b.session, b.project, b.name from beside b where b.id not in (select id from written)
), colliding as (
    -- What the unique indexes would refuse.
    select distinct w.id from written w join unfinished u on u.id <> w.id
    where w.status in ('active', 'waiting', 'paused')
        and (w.session = u.session
            or (w.session is null and u.session is null and w.project = u.project and w.name = u.name))
), parts as (
    select count(*) as number from baton.handoff_part p
    where p.account = current_user::text and p.handoff = $8 and p.number < $12
), numbered as (
    update baton.fleet f set change = f.change + 1, commit_id = $8
    where f.account = current_user::text and exists (select 1 from allowed) and not exists (select 1 from existing)
        and not exists (select 1 from differing) and not exists (select 1 from colliding)
        and ($12 is null or $12 = (select number from parts))
    returning f.change, f.epoch
), stored as (
    insert into baton.run as r (
        account, id, revision, version, fence, base_fence, name, status, iteration, session, project, owner_machine, handoff,
        lease_end, directory, record, written
    )
    select current_user::text, w.id, w.revision, 1, w.fence, w.fence, w.name, w.status, w.iteration, w.session, w.project,
        w.owner_machine,
        case
            when w.owner_machine is not null then null
            when $12 is not null then $8
            else o.handoff
        end,
        case
            when w.owner_machine is null then null
            -- A commit is no sign of life of an owner that is reported as ended.
            when o.fence = w.fence and o.ended_process is not null then o.lease_end
            when w.owner_machine = $3 then now() + $11 * interval '1 millisecond'
            else o.lease_end
        end,
        w.directory, w.record, now()
    from numbered n cross join written w
    left join baton.run o on o.account = current_user::text and o.id = w.id
    -- A run that ends makes room in the unique indexes for one that starts.
    order by case when w.status in ('active', 'waiting', 'paused') then 1 else 0 end
    on conflict (account, id) do update set
        revision = excluded.revision, version = r.version + 1, fence = excluded.fence,
        base_fence = case when r.fence = excluded.fence then r.base_fence else excluded.fence end,
        -- A process that left the run may own it again, with another fence.
        ended_process = case when r.fence = excluded.fence then r.ended_process end,
        name = excluded.name, status = excluded.status, iteration = excluded.iteration, session = excluded.session,
        project = excluded.project, owner_machine = excluded.owner_machine, handoff = excluded.handoff,
        lease_end = excluded.lease_end, directory = coalesce(excluded.directory, r.directory), record = excluded.record,
        written = excluded.written
    returning r.id
), published as (
    insert into baton.handoff (account, id, session, origin, target, parts, digest, project)
    select current_user::text, $8, $13, $3, $14, $12, $15, $16 from numbered where $12 is not null
    returning id
), expired as (
    delete from baton.handoff_part p
    where p.account = current_user::text and p.stored < now() - interval '30 days' and $12 is not null
        and exists (select 1 from numbered)
    returning p.number
), logged as (
    insert into baton.change (account, number, commit_id, machine, reason, runs, epoch)
    select current_user::text, n.change, $8, $3, $9,
        (select coalesce(jsonb_agg(jsonb_build_object('run', w.id, 'fence', w.fence)), '[]'::jsonb) from written w),
        n.epoch
    from numbered n
    returning number
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'change', (select change from numbered),
    'committed', (select number from existing where reason <> 'withdrawn'),
    'withdrawn', exists (select 1 from existing where reason = 'withdrawn'),
    'differing', (select coalesce(jsonb_agg(id), '[]'::jsonb) from differing),
    'colliding', (select coalesce(jsonb_agg(id), '[]'::jsonb) from colliding),
    'parts', (select number from parts)
)::text
