package metadata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

const samlProtocol = "urn:oasis:names:tc:SAML:2.0:protocol"

// choose returns the EntityDescriptor of the identity provider that is meant.
func choose(root *etree.Element, wanted string) (*etree.Element, error) {
	all, err := entities(root, 0)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(slices.Clone(all), func(el *etree.Element) bool { return len(roles(el, "IDPSSODescriptor")) == 0 })
	if len(found) == 0 {
		return nil, noProvider(all)
	}
	if wanted != "" {
		return named(found, wanted)
	}
	if len(found) > 1 {
		return nil, &Error{
			Reason: SeveralEntities, Choices: choices(found),
			Detail: fmt.Sprintf("The document describes %d identity providers: choose one.", len(found)),
		}
	}
	return found[0], nil
}

// named returns the one provider with exactly this entity ID.
func named(found []*etree.Element, wanted string) (*etree.Element, error) {
	var match *etree.Element
	for _, el := range found {
		if id, _ := attribute(el, "entityID"); id != wanted {
			continue
		}
		if match != nil {
			return nil, refuse(Malformed, fmt.Sprintf("The document describes the identity provider %.200q twice.", wanted))
		}
		match = el
	}
	if match == nil {
		return nil, &Error{
			Reason: UnknownEntity, Choices: choices(found),
			Detail: fmt.Sprintf("The document does not describe the identity provider %.200q.", wanted),
		}
	}
	return match, nil
}

// entities lists the EntityDescriptors under el, or el itself.
func entities(el *etree.Element, nesting int) ([]*etree.Element, error) {
	if is(el, nsMetadata, "EntityDescriptor") {
		return []*etree.Element{el}, nil
	}
	if nesting > maxNesting {
		return nil, refuse(Malformed, fmt.Sprintf("EntitiesDescriptor is nested more than %d times.", maxNesting))
	}
	var found []*etree.Element
	for _, child := range el.ChildElements() {
		if !is(child, nsMetadata, "EntityDescriptor") && !is(child, nsMetadata, "EntitiesDescriptor") {
			continue
		}
		below, err := entities(child, nesting+1)
		if err != nil {
			return nil, err
		}
		found = append(found, below...)
	}
	return found, nil
}

func noProvider(all []*etree.Element) error {
	for _, el := range all {
		if len(children(el, nsMetadata, "SPSSODescriptor")) > 0 {
			return refuse(ServiceProvider, "This is the metadata of a service provider, perhaps our own: paste that of your identity provider.")
		}
	}
	for _, el := range all {
		if len(children(el, nsMetadata, "IDPSSODescriptor")) > 0 {
			return refuse(NoIdentityProvider, "The identity provider of this document does not speak SAML 2.0.")
		}
	}
	return refuse(NoIdentityProvider, "The document describes no identity provider: IDPSSODescriptor is missing.")
}

// choices lists the entity IDs that can be chosen.
func choices(found []*etree.Element) []string {
	var ids []string
	for _, el := range found {
		if id, err := entityID(el); err == nil && len(ids) < maxChoices && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// roles returns the descriptors of a role that speak SAML 2.0; a provider may describe an older version beside it.
func roles(el *etree.Element, local string) []*etree.Element {
	return slices.DeleteFunc(children(el, nsMetadata, local), func(role *etree.Element) bool {
		protocols, _ := attribute(role, "protocolSupportEnumeration")
		return !slices.Contains(strings.Fields(protocols), samlProtocol)
	})
}

func identityProvider(el *etree.Element) (*etree.Element, error) {
	found := roles(el, "IDPSSODescriptor")
	if len(found) != 1 {
		return nil, refuse(Malformed, fmt.Sprintf("The entity has %d descriptors IDPSSODescriptor for SAML 2.0, and needs one.", len(found)))
	}
	return found[0], nil
}
