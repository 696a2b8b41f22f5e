
# Take back: delete the account that order $undoes created, never its files.
once
carried_out
look
if [ "$found" != yes ]; then finish "there is no account $name"; fi
if [ "$(noted created)" != yes ] || [ "$(noted uid)" != "$uid_now" ]; then die "$name has the uid $uid_now, which $undoes did not give it: it is another account"; fi
keep "uid=$uid_now" "gid=$gid_now" group= private=yes groups= "gecos=$gecos" "home=$home" "shell=$shell" "expire=$expire"
home_was=$home
tool userdel -- "$name"
look
if [ "$found" = yes ]; then die "$name is still there"; fi
say "its files stay: $home_was"
finish "$name is deleted"
