-- $8 commit, $9 rows, $10 lease in milliseconds
, sent as (
    select w.* from jsonb_to_recordset(cast($9 as jsonb)) as w (
        id text, revision bigint, fence bigint, name text, status text, iteration bigint, session text, project text,
        owner_machine text, directory text, record jsonb
    )
), raised as (
    -- What the recoveries since its last owner added to the row, and how much of it the machine's copy has.
    select s.id, o.fence - o.base_fence as of_row,
        least(o.fence - o.base_fence, greatest(0, (s.fence - o.base_fence) / 1000 * 1000)) as of_copy
    from sent s join baton.run o on o.account = current_user::text and o.id = s.id
), compared as (
    -- Recoveries say nothing about who is the later owner, and what was written later.
    select s.id, s.fence - a.of_copy > o.base_fence as has_later_owner,
        (s.fence - a.of_copy, s.revision + a.of_row - a.of_copy) > (o.base_fence, o.revision) as is_later,
        s.fence - a.of_copy as fence, s.revision + a.of_row - a.of_copy as revision
    from sent s join raised a on a.id = s.id
    join baton.run o on o.account = current_user::text and o.id = s.id
), judged as (
    select c.*,
        case
            when o.status = 'cancelled' then false
            when s.status = 'cancelled' then true
            when o.status not in ('active', 'waiting', 'paused') then false
            when s.status not in ('active', 'waiting', 'paused') then true
            else c.is_later
        end as has_later_status
    from compared c join sent s on s.id = c.id
    join baton.run o on o.account = current_user::text and o.id = c.id
), both_known as (
    select o.id, o.revision as row_revision, greatest(j.revision, o.revision) + 1 as next_revision,
        case
            when j.has_later_owner then j.fence + o.fence - o.base_fence
            -- The recovery left this row alone, because its run has ended, and the copy has another owner with the same fence.
            when s.fence = o.fence and s.record -> 'owner' -> 'process' <> o.record -> 'owner' -> 'process'
                then o.fence + 1000 * (f.epoch - 1)
            else o.fence
        end as fence,
        greatest(j.fence, o.base_fence) as base_fence,
        greatest(s.iteration, o.iteration) as iteration,
        case when j.is_later then s.name else o.name end as name,
        case when j.has_later_status then s.status else o.status end as status,
        -- One fence has one owner.
        case when j.has_later_owner then s.session else o.session end as session,
        case when j.is_later then s.project else o.project end as project,
        case when j.has_later_owner then s.owner_machine else o.owner_machine end as owner_machine,
        case when j.has_later_owner then null else o.handoff end as handoff,
        case when j.has_later_owner then now() + $10 * interval '1 millisecond' else o.lease_end end as lease_end,
        case when j.has_later_owner then null else o.ended_process end as ended_process,
        coalesce(s.directory, o.directory) as directory,
        case when j.is_later then s.record else o.record end as record,
        case when j.has_later_owner then s.record else o.record end as owner_record,
        case when j.has_later_status then s.record else o.record end as status_record,
        o.record as row_record,
        -- The copy has the row's revision, or is ahead of it, and says something else.
        s.revision > o.revision or (s.revision = o.revision and (
            s.fence <> o.fence or s.status <> o.status or s.owner_machine is distinct from o.owner_machine
            or s.record -> 'owner' -> 'process' <> o.record -> 'owner' -> 'process'
        )) as contradicts
    from standing f cross join sent s join judged j on j.id = s.id
    join baton.run o on o.account = current_user::text and o.id = s.id
), merged as (
    select b.id, b.next_revision, b.fence, b.base_fence, b.iteration, b.name, b.status, b.session, b.project,
        b.owner_machine, b.handoff, b.lease_end, b.ended_process, b.directory, b.contradicts, b.row_record,
        jsonb_set(
            b.record || jsonb_build_object(
                'fence', b.fence, 'iteration', b.iteration, 'status', b.status, 'owner', b.owner_record -> 'owner',
                'finished', b.status_record -> 'finished', 'stop_reason', b.status_record -> 'stop_reason'
            ),
            '{fleet}', (b.record -> 'fleet') || jsonb_build_object('machine', b.owner_machine, 'revision', b.row_revision)
        ) as record
    from both_known b
), changed as (
    select m.id, m.next_revision, m.fence, m.base_fence, m.iteration, m.name, m.status, m.session, m.project,
        m.owner_machine, m.handoff, m.lease_end, m.ended_process, m.directory, m.record
    from merged m
    where m.contradicts or jsonb_strip_nulls(m.record) <> jsonb_strip_nulls(m.row_record)
    union all
    -- No copy of a lost row has such numbers, whichever recoveries it has seen.
    select s.id, s.revision + 1000 * (f.epoch - 1), s.fence + 1000 * (f.epoch - 1), s.fence, s.iteration, s.name, s.status,
        s.session, s.project, s.owner_machine, null, now() + $10 * interval '1 millisecond', null, s.directory,
        s.record || jsonb_build_object('fence', s.fence + 1000 * (f.epoch - 1))
    from sent s join standing f on true
    where not exists (select 1 from baton.run o where o.account = current_user::text and o.id = s.id)
), existing as (
    select c.number, c.reason from baton.change c where c.account = current_user::text and c.commit_id = $8
), beside as (
    -- The unfinished runs that this leaves as they are.
    select r.id, r.session, r.project, r.name from baton.run r
    where r.account = current_user::text and r.status in ('active', 'waiting', 'paused')
        and r.session in (select session from changed)
    union
    select r.id, r.session, r.project, r.name from baton.run r
    where r.account = current_user::text and r.status in ('active', 'waiting', 'paused') and r.session is null
        and r.project in (select project from changed where session is null)
), unfinished as (
    select c.id, c.session, c.project, c.name from changed c where c.status in ('active', 'waiting', 'paused')
    union all
    select b.id, b.session, b.project, b.name from beside b where b.id not in (select id from changed)
), colliding as (
    -- What the unique indexes would refuse.
    select distinct c.id from changed c join unfinished u on u.id <> c.id
    where c.status in ('active', 'waiting', 'paused')
        and (c.session = u.session
            or (c.session is null and u.session is null and c.project = u.project and c.name = u.name))
), numbered as (
    update baton.fleet f set change = f.change + 1, commit_id = $8
    -- The machine sends what a restored database does not have, so this one need not have all that the machine has seen.
    where f.account = current_user::text and exists (select 1 from member m where m.epoch = $2)
        and not exists (select 1 from existing) and not exists (select 1 from colliding)
    returning f.change, f.epoch
), stored as (
    insert into baton.run as r (
        account, id, revision, version, fence, base_fence, name, status, iteration, session, project, owner_machine, handoff,
        lease_end, ended_process, directory, record, written
    )
    select current_user::text, c.id, c.next_revision, 1, c.fence, c.base_fence, c.name, c.status, c.iteration, c.session,
        c.project, c.owner_machine, c.handoff, c.lease_end, c.ended_process, c.directory,
        jsonb_set(c.record, '{fleet,revision}', to_jsonb(c.next_revision)), now()
    from numbered n cross join changed c
    order by case when c.status in ('active', 'waiting', 'paused') then 1 else 0 end
    on conflict (account, id) do update set
        revision = excluded.revision, version = r.version + 1, fence = excluded.fence, base_fence = excluded.base_fence,
        name = excluded.name, status = excluded.status, iteration = excluded.iteration, session = excluded.session,
        project = excluded.project, owner_machine = excluded.owner_machine, handoff = excluded.handoff,
        lease_end = excluded.lease_end, ended_process = excluded.ended_process, directory = excluded.directory,
        record = excluded.record, written = excluded.written
    returning r.id
), seen as (
    update baton.machine m set seen = now(), token = coalesce(m.token, ($4)[1])
    where m.account = current_user::text and m.id = $3 and exists (select 1 from numbered)
    returning m.id
), logged as (
    insert into baton.change (account, number, commit_id, machine, reason, runs, epoch)
    select current_user::text, n.change, $8, $3, 'restored',
        (select coalesce(jsonb_agg(jsonb_build_object('run', c.id, 'fence', c.fence)), '[]'::jsonb) from changed c), n.epoch
    from numbered n
    returning number
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'change', (select change from numbered),
    'committed', (select number from existing where reason <> 'withdrawn'),
    'withdrawn', exists (select 1 from existing where reason = 'withdrawn'),
    'differing', '[]'::jsonb,
    'colliding', (select coalesce(jsonb_agg(id), '[]'::jsonb) from colliding)
)::text
