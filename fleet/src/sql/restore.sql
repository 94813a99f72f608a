-- $6 commit, $7 rows, $8 lease in milliseconds
, sent as (
    select w.* from jsonb_to_recordset(cast($7 as jsonb)) as w (
        id text, revision bigint, fence bigint, name text, status text, iteration bigint, session text, project text,
        owner_machine text, directory text, record jsonb
    )
), compared as (
    -- What recoveries added to the fence of a row says nothing about its owner.
    select s.id, o.id is null or s.fence > o.base_fence as is_newer,
        case
            when o.id is null then true
            when o.status = 'cancelled' then false
            when s.status = 'cancelled' then true
            when o.status not in ('active', 'waiting', 'paused') then false
            when s.status not in ('active', 'waiting', 'paused') then true
            else s.fence > o.base_fence
        end as has_newer_status
    from sent s left join baton.run o on o.account = current_user::text and o.id = s.id
), merged as (
    select s.id,
        case when o.id is null then s.revision else greatest(s.revision, o.revision) + 1 end as revision,
        greatest(s.fence, o.fence) as fence,
        greatest(s.fence, o.base_fence) as base_fence,
        greatest(s.iteration, o.iteration) as iteration,
        case when c.is_newer then s.name else o.name end as name,
        case when c.has_newer_status then s.status else o.status end as status,
        case when c.is_newer then s.session else o.session end as session,
        case when c.is_newer then s.project else o.project end as project,
        case when c.is_newer then s.owner_machine else o.owner_machine end as owner_machine,
        case when c.is_newer then null else o.handoff end as handoff,
        case
            when c.is_newer or o.owner_machine = $3 then now() + $8 * interval '1 millisecond'
            else o.lease_end
        end as lease_end,
        coalesce(s.directory, o.directory) as directory,
        case when c.is_newer then s.record else o.record end as record,
        case when c.has_newer_status then s.record else o.record end as status_record
    from sent s join compared c on c.id = s.id
    left join baton.run o on o.account = current_user::text and o.id = s.id
), numbered as (
    update baton.fleet f set change = f.change + 1, commit_id = $6
    where f.account = current_user::text and exists (select 1 from allowed)
    returning f.change, f.epoch
), stored as (
    insert into baton.run as r (
        account, id, revision, version, fence, base_fence, name, status, iteration, session, project, owner_machine, handoff,
        lease_end, directory, record, written
    )
    select current_user::text, m.id, m.revision, 1, m.fence, m.base_fence, m.name, m.status, m.iteration, m.session, m.project,
        m.owner_machine, m.handoff, m.lease_end, m.directory,
        jsonb_set(
            m.record || jsonb_build_object(
                'fence', m.fence, 'iteration', m.iteration, 'status', m.status,
                'finished', m.status_record -> 'finished', 'stop_reason', m.status_record -> 'stop_reason'
            ),
            '{fleet,revision}', to_jsonb(m.revision)
        ),
        now()
    from numbered n cross join merged m
    order by case when m.status in ('active', 'waiting', 'paused') then 1 else 0 end
    on conflict (account, id) do update set
        revision = excluded.revision, version = r.version + 1, fence = excluded.fence, base_fence = excluded.base_fence,
        name = excluded.name, status = excluded.status, iteration = excluded.iteration, session = excluded.session,
        project = excluded.project, owner_machine = excluded.owner_machine, handoff = excluded.handoff,
        lease_end = excluded.lease_end, directory = excluded.directory, record = excluded.record, written = excluded.written
    returning r.id
), seen as (
    update baton.machine m set seen = now(), token = coalesce(m.token, ($4)[1])
    where m.account = current_user::text and m.id = $3 and exists (select 1 from allowed)
    returning m.id
), logged as (
    insert into baton.change (account, number, commit_id, machine, reason, runs, epoch)
    select current_user::text, n.change, $6, $3, 'restored',
        (select coalesce(jsonb_agg(jsonb_build_object('run', m.id, 'fence', m.fence)), '[]'::jsonb) from merged m), n.epoch
    from numbered n
    returning number
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('known', known) from standing),
    'change', (select change from numbered),
    'differing', '[]'::jsonb
)::text
