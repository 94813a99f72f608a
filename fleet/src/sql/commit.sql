-- $6 commit, $7 reason, $8 writes, $9 lease in milliseconds; of a handoff: $10 parts, $11 session, $12 target, $13 digest,
-- $14 project
, written as (
    select w.* from jsonb_to_recordset(cast($8 as jsonb)) as w (
        id text, before_revision bigint, before_version bigint, revision bigint, fence bigint, name text, status text,
        iteration bigint, session text, project text, owner_machine text, directory text, record jsonb
    )
), differing as (
    select w.id
    from written w left join baton.run r on r.account = current_user::text and r.id = w.id
    where (w.before_revision is null and r.id is not null)
        or (w.before_revision is not null
            and (r.id is null or r.revision <> w.before_revision or r.version <> w.before_version))
), parts as (
    select count(*) as number from baton.handoff_part p
    where p.account = current_user::text and p.handoff = $6 and $10 is not null
), numbered as (
    update baton.fleet f set change = f.change + 1, commit_id = $6
    where f.account = current_user::text and exists (select 1 from allowed) and not exists (select 1 from differing)
        and ($10 is null or $10 = (select number from parts))
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
            when $10 is not null then $6
            else o.handoff
        end,
        case
            when w.owner_machine is null then null
            when w.owner_machine = $3 then now() + $9 * interval '1 millisecond'
            else coalesce(o.lease_end, now() + $9 * interval '1 millisecond')
        end,
        w.directory, w.record, now()
    from numbered n cross join written w
    left join baton.run o on o.account = current_user::text and o.id = w.id
    -- A run that ends makes room in the unique indexes for one that starts.
    order by case when w.status in ('active', 'waiting', 'paused') then 1 else 0 end
    on conflict (account, id) do update set
        revision = excluded.revision, version = r.version + 1, fence = excluded.fence, base_fence = excluded.base_fence,
        name = excluded.name, status = excluded.status, iteration = excluded.iteration, session = excluded.session,
        project = excluded.project, owner_machine = excluded.owner_machine, handoff = excluded.handoff,
        lease_end = excluded.lease_end, directory = coalesce(excluded.directory, r.directory), record = excluded.record,
        written = excluded.written
    returning r.id
), published as (
    insert into baton.handoff (account, id, session, origin, target, parts, digest, project)
    select current_user::text, $6, $11, $3, $12, $10, $13, $14 from numbered where $10 is not null
    returning id
), expired as (
    delete from baton.handoff_part p
    where p.account = current_user::text and p.stored < now() - interval '30 days' and $10 is not null
        and exists (select 1 from numbered)
    returning p.number
), logged as (
    insert into baton.change (account, number, commit_id, machine, reason, runs, epoch)
    select current_user::text, n.change, $6, $3, $7,
        (select coalesce(jsonb_agg(jsonb_build_object('run', w.id, 'fence', w.fence)), '[]'::jsonb) from written w),
        n.epoch
    from numbered n
    returning number
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('known', known) from standing),
    'change', (select change from numbered),
    'differing', (select coalesce(jsonb_agg(id), '[]'::jsonb) from differing),
    'parts', (select number from parts)
)::text
