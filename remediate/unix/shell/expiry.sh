
# Set the expiry: $until is the first day, since 1970-01-01, on which nobody gets in; empty is never.
once
look
present
if [ "$expire" = "$until" ]; then already "the expiry of $name is so already"; fi
keep "uid=$uid_now" "password=$password" "expire=$expire" "left_password=$password" "left_expire=$until"
tool usermod --expiredate "$until" -- "$name"
look
if [ "$expire" != "$until" ]; then die "the expiry of $name is $expire: look at $base/etc/shadow"; fi
finish "the expiry of $name is set"
