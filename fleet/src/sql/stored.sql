, archives as (
    select p.handoff, min(h.session) as session, count(*) as parts, sum(length(p.bytes)) as bytes, max(p.stored) as stored
    from baton.handoff_part p
    left join baton.handoff h on h.account = current_user::text and h.id = p.handoff
    where p.account = current_user::text and (h.id is null or h.origin = $3 or h.picked_up = $3)
    group by p.handoff
), made as (
    select count(*) as changes, min(c.written) as oldest from baton.change c
    where c.account = current_user::text and c.machine = $3
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'changes', (select changes from made),
    'oldest_ms', (select floor(extract(epoch from now() - oldest) * 1000)::bigint from made),
    'archives', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'handoff', a.handoff, 'session', a.session, 'parts', a.parts, 'bytes', a.bytes,
            'left_ms', greatest(0, floor(extract(epoch from a.stored + interval '30 days' - now()) * 1000))::bigint
        ) order by a.handoff), '[]'::jsonb)
        from archives a
    )
)::text
