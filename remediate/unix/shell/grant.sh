
# Add to the group.
once
look
if [ "$found" != yes ]; then die "there is no account $name in $base/etc/passwd"; fi
same
find_group
if [ "$group_found" != yes ]; then die "there is no group $group"; fi
if [ "$gid_now" = "$group_gid" ] || member; then already "$name is in $group already"; fi
keep "uid=$uid_now" "gid=$group_gid" "members=$members" "left_members=${members:+$members,}$name"
tool gpasswd --add "$name" -- "$group" >/dev/null
find_group
if ! member; then die "$name is not in $group"; fi
finish "$name is in $group"
