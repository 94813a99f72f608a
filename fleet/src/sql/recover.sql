-- $2 the epoch that the database has; $8 commit, $9 next epoch, $10 the number and $11 the commit of what the machine has seen; $12
-- the lease in milliseconds
, evidence as (
    select s.epoch from standing s
    where s.number >= $5 and s.oldest_writer <= $5 and s.fleet = $1 and s.epoch = $2 and $9 > s.epoch and $10 > 0
        and current_setting('transaction_isolation') = 'serializable'
        and not exists (
            select 1 from baton.change c
            where c.account = current_user::text and c.number = $10 and c.commit_id = $11
        )
        and not exists (select 1 from baton.change c where c.account = current_user::text and c.commit_id = $8)
), numbered as (
    update baton.fleet f set epoch = $9, change = f.change + 1, commit_id = $8
    where f.account = current_user::text and exists (select 1 from evidence)
    returning f.change
), raised as (
    update baton.run r set
        -- Nothing that was written after the copy was made has these numbers.
        revision = r.revision + 1000 * ($9 - $2), version = r.version + 1, fence = r.fence + 1000 * ($9 - $2), written = now(),
        -- The process may have come back after the copy was made.
        ended_process = null,
        -- The leases of the copy have ended, but their owners may still go on with them.
        lease_end = case when r.owner_machine is null then null else now() + $12 * interval '1 millisecond' end,
        record = jsonb_set(
            jsonb_set(r.record, '{fence}', to_jsonb(r.fence + 1000 * ($9 - $2))),
            '{fleet,revision}', to_jsonb(r.revision + 1000 * ($9 - $2))
        )
    where r.account = current_user::text and r.status in ('active', 'waiting', 'paused') and exists (select 1 from numbered)
    returning r.id, r.fence
), forgotten as (
    -- The machines rotated their tokens after the copy was made, so these prove nothing.
    update baton.machine m set token = null
    where m.account = current_user::text and exists (select 1 from numbered)
    returning m.id
), logged as (
    insert into baton.change (account, number, commit_id, machine, reason, runs, epoch)
    select current_user::text, n.change, $8, $3, 'recovered',
        (select coalesce(jsonb_agg(jsonb_build_object('run', r.id, 'fence', r.fence)), '[]'::jsonb) from raised r), $9
    from numbered n
    returning number
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', true) from standing),
    'change', (select change from numbered),
    'forgotten', (select count(*) from forgotten)
)::text
