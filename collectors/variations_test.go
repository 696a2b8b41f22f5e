package collectors

import (
	"reflect"
	"time"

	"muster/internal/access"
)

// variations gives copies of r, each with one field changed, by the field's name.
func variations(r access.Record) map[string]access.Record {
	out := map[string]access.Record{}
	typ := reflect.TypeOf(r)
	for i := range typ.NumField() {
		v := reflect.New(typ).Elem()
		v.Set(reflect.ValueOf(r))
		f := v.Field(i)
		switch f.Interface().(type) {
		case time.Time:
			f.Set(reflect.ValueOf(time.Unix(1, 0).UTC()))
		case []string:
			f.Set(reflect.ValueOf([]string{"x"}))
		case map[string]string:
			f.Set(reflect.ValueOf(map[string]string{"x": "y"}))
		default:
			switch f.Kind() {
			case reflect.String:
				f.SetString("x")
			case reflect.Bool:
				f.SetBool(true)
			case reflect.Int8, reflect.Int64:
				f.SetInt(1)
			}
		}
		out[typ.Field(i).Name] = v.Interface().(access.Record)
	}
	return out
}
