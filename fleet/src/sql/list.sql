-- $8 how many runs, $9 runs that are read besides
, newest as (
    select r.id from baton.run r
    where r.account = current_user::text and r.status in ('active', 'waiting', 'paused')
    order by r.written desc, r.id limit $8
), found as (
    select n.id from newest n
    union
    select r.id from baton.run r where r.account = current_user::text and r.id = any ($9)
), recent as (
    -- Of what others gave to others, this machine has nothing to do.
    select h.id from baton.handoff h
    where h.account = current_user::text and h.made > now() - interval '30 days'
        and (h.picked_up is null or h.picked_up = $3 or h.origin = $3)
    order by h.made desc, h.id limit 1024
), offered as (
    select id from recent
    union
    select r.handoff from found f join baton.run r on r.account = current_user::text and r.id = f.id
    where r.handoff is not null
), named as (
    select m.id from baton.machine m where m.account = current_user::text
)
