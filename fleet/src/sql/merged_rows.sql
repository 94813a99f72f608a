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
), written as (
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
