package server

import "github.com/reimport/reimport/internal/contract"

// explain turns the validator library's error into a refusal that names the field and what was expected of it.
func (b *bodyRules) explain(err error) error {
	flaw := contract.FlawOf(err)
	switch {
	case flaw == nil:
		return err
	case flaw.Missing && b.missing[flaw.Where] != nil:
		return refuse(b.missing[flaw.Where], flaw.Error())
	case flaw.Missing:
		return refuse(errMissingField, flaw.Error())
	case b.readOnly[flaw.Extra]:
		return refuse(errSchema, flaw.Extra+": read-only, or fixed at creation")
	}
	return refuse(errSchema, flaw.Error())
}
