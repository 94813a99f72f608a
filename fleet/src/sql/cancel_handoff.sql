-- $8 handoff
, picked_up as (
    -- The machine that made it picks it up itself, and its archive is not needed any more.
    update baton.handoff h set picked_up = $3
    where h.account = current_user::text and h.id = $8 and h.origin = $3 and (h.picked_up is null or h.picked_up = $3)
        and exists (select 1 from allowed)
    returning h.id
), removed as (
    delete from baton.handoff_part p
    where p.account = current_user::text and p.handoff = $8 and exists (select 1 from picked_up)
    returning p.number
)
