
# Enable: unlock the password and take the expiry away.
once
look
present
case ${shell##*/} in
nologin | false) by_hand "its shell $shell lets nobody in: give it another one with usermod --shell" ;;
esac
if [ "$password" != locked ] && ! expired; then already "$name is enabled already"; fi
left=$password
if [ "$password" = locked ]; then left=open; fi
keep "uid=$uid_now" "password=$password" "expire=$expire" "left_password=$left" left_expire=
if [ "$password" = locked ]; then
	tool usermod --unlock --expiredate '' -- "$name"
else
	tool usermod --expiredate '' -- "$name"
fi
look
if [ "$password" != "$left" ] || [ -n "$expire" ]; then die "$name is not enabled: look at $base/etc/shadow"; fi
if [ "$password" = none ]; then say "$name has no password: set one with passwd, unless it comes in with a key"; fi
finish "$name is enabled"
