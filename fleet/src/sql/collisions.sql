-- $8 commit. Of the rows in `written`: which other unfinished runs they would collide with, and whether the commit is there.
), existing as (
    select c.number, c.reason from baton.change c where c.account = current_user::text and c.commit_id = $8
), beside as (
    -- The unfinished runs that this leaves as they are.
    select r.id, r.session, r.project, r.name from baton.run r
    where r.account = current_user::text and r.status in ('active', 'waiting', 'paused')
        and r.session in (select session from written)
    union
    select r.id, r.session, r.project, r.name from baton.run r
    where r.account = current_user::text and r.status in ('active', 'waiting', 'paused') and r.session is null
        and r.project in (select project from written where session is null)
), unfinished as (
    select w.id, w.session, w.project, w.name from written w where w.status in ('active', 'waiting', 'paused')
    union all
    select b.id, b.session, b.project, b.name from beside b where b.id not in (select id from written)
), colliding as (
    -- What the unique indexes would refuse.
    select distinct w.id from written w join unfinished u on u.id <> w.id
    where w.status in ('active', 'waiting', 'paused')
        and (w.session = u.session
            or (w.session is null and u.session is null and w.project = u.project and w.name = u.name))
