
# Create: an account without a password.
once
look
if [ "$found" = yes ]; then
	if [ -f "$base$notes/$order" ]; then # it stopped half-way
		keep created=yes "uid=$uid_now"
		finish "$name is created with uid $uid_now"
	fi
	die "there is an account $name already, uid $uid_now: look whose it is"
fi
keep created=yes
tool useradd --create-home --comment "$comment" -- "$name"
look
if [ "$found" != yes ]; then die "$name is not there"; fi
keep created=yes "uid=$uid_now"
say "nobody gets in yet: set a password with passwd, or put a key into $home/.ssh/authorized_keys"
finish "$name is created with uid $uid_now"
