package vocabulary

import (
	"muster/internal/access"
)

func grantFields() []Field {
	of := func(get func(*access.GrantFacts) string) func(*Object) string {
		return func(o *Object) string { return get(o.grant) }
	}
	is := func(get func(*access.GrantFacts) bool) func(*Object) bool {
		return func(o *Object) bool { return get(o.grant) }
	}
	return []Field{
		word("system", "name of the system", of(func(g *access.GrantFacts) string { return g.System })),
		text("entitlement", "name of the entitlement", of(func(g *access.GrantFacts) string { return g.Entitlement.Name })),
		word("kind", "kind of the entitlement: group, role, licence, permission", of(func(g *access.GrantFacts) string { return g.Entitlement.Kind })),
		flag("privileged", "the entitlement is privileged", is(func(g *access.GrantFacts) bool { return g.Entitlement.Privileged })),
		flag("actual", "it is held", is(func(g *access.GrantFacts) bool { return g.Actual })),
		flag("expected", "a bundle or an exception gives it", is(func(g *access.GrantFacts) bool { return g.Expected })),
		flag("effective", "it has effect now", is(func(g *access.GrantFacts) bool { return g.Effective })),
		flag("admin_option", "the holder may pass it on", is(func(g *access.GrantFacts) bool { return g.AdminOption })),
		flag("direct", "held by itself and not through a group", is(func(g *access.GrantFacts) bool { return g.Direct })),
		words("path", "groups from the account to the entitlement; empty means direct", func(o *Object) []string { return o.grant.Path }),
		words("bases", "names of the bundles that give it", func(o *Object) []string { return bases(o.grant) }),
		flag("missing", "expected, and held on no account of the person in that system", func(o *Object) bool { return o.missing }),
		flag("governed", "some bundle names the system, so that excess can be told from what no bundle describes",
			func(o *Object) bool { return o.scene.governed(o.grant.System) }),
	}
}

func bases(g *access.GrantFacts) []string {
	names := make([]string, len(g.Basis))
	for i, b := range g.Basis {
		names[i] = b.Name
	}
	return names
}

func entitlementFields() []Field {
	of := func(get func(*access.Entitlement) string) func(*Object) string {
		return func(o *Object) string { return get(&o.grant.Entitlement) }
	}
	return []Field{
		word("system", "name of the system", of(func(e *access.Entitlement) string { return e.System })),
		identity("id", "the system's immutable id; absent when the system has no such entitlement", of(func(e *access.Entitlement) string { return e.ID })),
		text("name", "name, unique in the system", of(func(e *access.Entitlement) string { return e.Name })),
		word("kind", "group, role, licence, permission", of(func(e *access.Entitlement) string { return e.Kind })),
		text("description", "what the system says about it", of(func(e *access.Entitlement) string { return e.Description })),
		flag("privileged", "it carries administrative power", func(o *Object) bool { return o.grant.Entitlement.Privileged }),
		text("source", "where in the source: row, DN, path", of(func(e *access.Entitlement) string { return e.SourceRef })),
	}
}

func noGrant(o *Object) error {
	if o.grant == nil {
		return errNoGrant
	}
	return nil
}
