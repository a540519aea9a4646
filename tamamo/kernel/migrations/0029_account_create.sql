-- An account is two rows in Django's tables: who makes one without Django calls this.
--
-- password: as django.contrib.auth.hashers stores it, 'argon2$' and the hash in argon2's own text;
-- null: none, it is set through the mail that invites. The e-mail counts as confirmed: somebody who
-- may make accounts has named it. Raises unique_violation when the account is there.
create function account_create(
    email text, name text, password text default null, language text default 'ja',
    home_tenant text default null
) returns bigint language plpgsql as $$
declare
    number bigint;
    address text := lower(trim(email));
begin
    insert into accounts_user (email, name, password, language, home_tenant)
    values (
        address, account_create.name,
        coalesce(account_create.password, '!' || replace(gen_random_uuid()::text, '-', '')),
        account_create.language, account_create.home_tenant
    )
    returning id into number;
    insert into account_emailaddress (email, verified, "primary", user_id)
    values (address, true, true, number);
    return number;
end
$$;
