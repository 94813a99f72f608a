-- $8 handoff
, picked_up as (
    select h.id from baton.handoff h
    where h.account = current_user::text and h.id = $8 and h.picked_up = $3 and exists (select 1 from allowed)
), removed as (
    delete from baton.handoff_part p
    where p.account = current_user::text and p.handoff = $8 and exists (select 1 from picked_up)
    returning p.number
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'is_done', exists (select 1 from picked_up),
    'runs', (
        select coalesce(jsonb_agg(r.id), '[]'::jsonb) from baton.run r
        where r.account = current_user::text and r.handoff = $8
    )
)::text
