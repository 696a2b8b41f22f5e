
# Disable: lock the password and let the account expire. The expiry is what also stops keys, cron and sudo.
once
look
gone
present
if [ "$password" != open ] && expired; then already "$name is disabled already"; fi
left=$password
if [ "$password" = open ]; then left=locked; fi # an empty password stays: what is locked without a hash cannot be unlocked
keep "uid=$uid_now" "password=$password" "expire=$expire" "left_password=$left" left_expire=1
if [ "$password" = open ]; then
	tool usermod --lock --expiredate 1 -- "$name"
else
	tool usermod --expiredate 1 -- "$name"
fi
look
if [ "$password" != "$left" ] || [ "$expire" != 1 ]; then die "$name is not disabled: look at $base/etc/shadow"; fi
finish "$name is disabled; sessions that are open go on"
