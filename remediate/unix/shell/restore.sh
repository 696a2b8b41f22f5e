
# Take back: give the account the password lock and the expiry that order $undoes found.
once
carried_out
look
present
if [ "$(noted uid)" != "$uid_now" ]; then die "$name has the uid $uid_now, order $undoes changed $(noted uid): it is another account"; fi
want_password=$(noted password) want_expire=$(noted expire)
if [ "$password" = "$want_password" ] && [ "$expire" = "$want_expire" ]; then
	finish "$name is as it was before $undoes"
fi
if [ "$password" != "$(noted left_password)" ] || [ "$expire" != "$(noted left_expire)" ]; then
	die "$name was changed since $undoes: its password is $password, its expiry '$expire'; $undoes left $(noted left_password), '$(noted left_expire)'"
fi
keep "uid=$uid_now" "password=$password" "expire=$expire" "left_password=$want_password" "left_expire=$want_expire"
set --
if [ "$password" = locked ] && [ "$want_password" = open ]; then set -- --unlock; fi
if [ "$password" = open ] && [ "$want_password" = locked ]; then set -- --lock; fi
tool usermod "$@" --expiredate "$want_expire" -- "$name"
look
if [ "$password" != "$want_password" ] || [ "$expire" != "$want_expire" ]; then die "$name is not as it was: look at $base/etc/shadow"; fi
finish "$name is as it was before $undoes"
