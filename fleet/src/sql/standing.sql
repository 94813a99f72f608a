-- $1 fleet, $2 epoch, $3 machine, $4 tokens, $5 number of the schema, $6 the number and $7 the commit of the newest change that the
-- machine has seen
with standing as (
    select v.number, v.oldest_writer, f.id as fleet, f.epoch, f.change,
        -- Without this change, the database was restored from an older copy, or this is a standby that is behind.
        $7 is null or exists (
            select 1 from baton.change c where c.account = current_user::text and c.number = $6 and c.commit_id = $7
        ) as has_seen,
        exists (
            select 1 from baton.machine m
            where m.account = current_user::text and m.id = $3 and (m.token is null or m.token = any ($4))
        ) as known,
        jsonb_build_object(
            'fleet', f.id, 'epoch', f.epoch, 'change', f.change, 'commit', f.commit_id,
            'number', v.number, 'oldest_writer', v.oldest_writer,
            'isolation', current_setting('transaction_isolation'),
            'unix_ms', floor(extract(epoch from now()) * 1000)::bigint
        ) as description
    from baton.version v left join baton.fleet f on f.account = current_user::text
), member as (
    select s.epoch, s.has_seen from standing s
    where s.number >= $5 and s.oldest_writer <= $5 and s.fleet = $1 and s.known
        and current_setting('transaction_isolation') = 'serializable'
), allowed as (
    select m.epoch from member m where m.has_seen and m.epoch = $2
)
