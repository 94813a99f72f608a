-- $6 handoff
, cancelled as (
    update baton.handoff h set cancelled = true
    where h.account = current_user::text and h.id = $6 and h.origin = $3 and h.picked_up is null
        and exists (select 1 from allowed)
    returning h.id
), removed as (
    delete from baton.handoff_part p
    where p.account = current_user::text and p.handoff = $6 and exists (select 1 from cancelled)
    returning p.number
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('known', known) from standing),
    'is_done', exists (select 1 from cancelled),
    'runs', (
        select coalesce(jsonb_agg(r.id), '[]'::jsonb) from baton.run r
        where r.account = current_user::text and r.handoff = $6
    )
)::text
