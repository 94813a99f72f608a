-- $8 handoff
, picked_up as (
    update baton.handoff h set picked_up = $3
    where h.account = current_user::text and h.id = $8 and (h.target is null or h.target = $3)
        and (h.picked_up = $3 or (h.picked_up is null and h.made > now() - interval '30 days'))
        and exists (select 1 from allowed)
    returning h.id
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'is_done', exists (select 1 from picked_up),
    'runs', (
        select coalesce(jsonb_agg(r.id), '[]'::jsonb) from baton.run r
        where r.account = current_user::text and r.handoff = $8
    )
)::text
