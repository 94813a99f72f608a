with added as (
    insert into baton.fleet (account, id, epoch, change)
    values (coalesce($2, current_user::text), $1, 1, 0)
    on conflict (account) do nothing
    returning id, epoch, change, commit_id
), found as (
    select id, epoch, change, commit_id from added
    union all
    select id, epoch, change, commit_id from baton.fleet where account = coalesce($2, current_user::text)
)
select jsonb_build_object(
    'fleet', f.id, 'epoch', f.epoch, 'change', f.change, 'commit', f.commit_id,
    'number', v.number, 'oldest_writer', v.oldest_writer, 'has_seen', true, 'known', true,
    'isolation', current_setting('transaction_isolation'),
    'unix_ms', floor(extract(epoch from now()) * 1000)::bigint
)::text
from baton.version v left join found f on true
