, found as (
    select r.id from baton.run r where r.account = current_user::text and r.id = any ($8)
    union
    select r.id from baton.run r
    where r.account = current_user::text and r.session = any ($9) and r.status in ('active', 'waiting', 'paused')
    union
    select r.id from baton.run r
    where r.account = current_user::text and r.project = any ($10) and r.status in ('active', 'waiting', 'paused')
), offered as (
    select h.id from baton.handoff h where h.account = current_user::text and h.session = any ($9)
    union
    select r.handoff from baton.run r join found f on f.id = r.id where r.account = current_user::text
), named as (
    select r.owner_machine as id from baton.run r join found f on f.id = r.id where r.account = current_user::text
    union
    select h.origin from baton.handoff h join offered o on o.id = h.id where h.account = current_user::text
    union
    select h.target from baton.handoff h join offered o on o.id = h.id where h.account = current_user::text
    union
    select h.picked_up from baton.handoff h join offered o on o.id = h.id where h.account = current_user::text
)
