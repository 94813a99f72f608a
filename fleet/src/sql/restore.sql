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
    from numbered n cross join written c
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
        (select coalesce(jsonb_agg(jsonb_build_object('run', c.id, 'fence', c.fence)), '[]'::jsonb) from written c), n.epoch
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
