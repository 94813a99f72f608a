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
