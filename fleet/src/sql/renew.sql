-- $8 owners that are alive, $9 owners that ended, $10 lease in milliseconds, $11 next token or null
, owners as (
    select a.run, a.fence, a.process, a.iteration, false as ended
    from jsonb_to_recordset(cast($8 as jsonb)) as a (run text, fence bigint, process jsonb, iteration bigint)
    union all
    select e.run, e.fence, e.process, 0, true
    from jsonb_to_recordset(cast($9 as jsonb)) as e (run text, fence bigint, process jsonb)
), matching as (
    select r.id, o.ended, o.process, greatest(o.iteration, r.iteration) as iteration
    from owners o join baton.run r on r.account = current_user::text and r.id = o.run
    where r.fence = o.fence and r.owner_machine = $3 and r.record -> 'owner' -> 'process' = o.process
        and r.status in ('active', 'waiting', 'paused') and exists (select 1 from allowed)
), renewed as (
    update baton.run r set
        version = r.version + 1,
        lease_end = case when m.ended then r.lease_end else now() + $10 * interval '1 millisecond' end,
        ended_process = case when m.ended then m.process end,
        iteration = m.iteration,
        record = case
            when m.iteration > r.iteration then jsonb_set(r.record, '{iteration}', to_jsonb(m.iteration))
            else r.record
        end
    from matching m
    where r.account = current_user::text and r.id = m.id
        -- What is recorded already is not written again.
        and not (m.ended and r.ended_process is not null and r.ended_process = m.process)
    returning r.id
), seen as (
    update baton.machine m set seen = now(), token = coalesce($11, m.token, ($4)[1])
    where m.account = current_user::text and m.id = $3 and exists (select 1 from allowed)
    returning m.id
), expired as (
    -- A few in each round, so that a large archive does not take the time of a renewal.
    delete from baton.handoff_part p
    using (
        select o.handoff, o.number from baton.handoff_part o
        where o.account = current_user::text and o.stored < now() - interval '30 days' and exists (select 1 from allowed)
        order by o.stored limit 8
    ) as old
    where p.account = current_user::text and p.handoff = old.handoff and p.number = old.number
    returning p.number
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'renewed', (select coalesce(jsonb_agg(id), '[]'::jsonb) from matching where not ended),
    'ended', (select coalesce(jsonb_agg(id), '[]'::jsonb) from matching where ended),
    'allowed', exists (select 1 from allowed)
)::text
