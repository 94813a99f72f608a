-- $2 the epoch that the database has; $6 commit, $7 next epoch, $8 the number and $9 the commit of what the machine has seen; $10
-- the lease in milliseconds
, evidence as (
    select s.epoch from standing s
    where s.number >= $5 and s.oldest_writer <= $5 and s.fleet = $1 and s.epoch = $2 and $7 > s.epoch and $8 > 0
        and current_setting('transaction_isolation') = 'serializable'
        and not exists (
            select 1 from baton.change c
            where c.account = current_user::text and c.number = $8 and c.commit_id = $9
        )
), numbered as (
    update baton.fleet f set epoch = $7, change = f.change + 1, commit_id = $6
    where f.account = current_user::text and exists (select 1 from evidence)
    returning f.change
), raised as (
    update baton.run r set
        revision = r.revision + 1, version = r.version + 1, fence = r.fence + 1000 * ($7 - $2), written = now(),
        -- The leases of the copy have ended, but their owners may still go on with them.
        lease_end = case when r.owner_machine is null then null else now() + $10 * interval '1 millisecond' end,
        record = jsonb_set(
            jsonb_set(r.record, '{fence}', to_jsonb(r.fence + 1000 * ($7 - $2))),
            '{fleet,revision}', to_jsonb(r.revision + 1)
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
    select current_user::text, n.change, $6, $3, 'recovered',
        (select coalesce(jsonb_agg(jsonb_build_object('run', r.id, 'fence', r.fence)), '[]'::jsonb) from raised r), $7
    from numbered n
    returning number
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('known', true) from standing),
    'change', (select change from numbered),
    'forgotten', (select count(*) from forgotten)
)::text
