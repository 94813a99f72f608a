-- $8 handoff
, picked_up as (
    update baton.handoff h set picked_up = $3
    where h.account = current_user::text and h.id = $8 and (h.target is null or h.target = $3)
        and (h.picked_up = $3 or (h.picked_up is null and h.made > now() - interval '30 days'))
        and exists (select 1 from allowed)
    returning h.id
)
