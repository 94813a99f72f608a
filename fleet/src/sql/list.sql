-- $8 how many runs, $9 runs that are read besides
, newest as (
    select r.id from baton.run r
    where r.account = current_user::text and r.status in ('active', 'waiting', 'paused')
    order by r.written desc, r.id limit $8
), found as (
    select n.id from newest n
    union
    select r.id from baton.run r where r.account = current_user::text and r.id = any ($9)
), offered as (
    select h.id from baton.handoff h where h.account = current_user::text
), named as (
    select m.id from baton.machine m where m.account = current_user::text
)
