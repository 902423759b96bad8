// Package netguard is the only way out to an address that a customer typed: providers, keys, metadata, webhooks.
//
// Such an address is hostile by default. Its owner may point it at our own network, answer its DNS differently each
// time, redirect, never answer, or answer without end. A Guard therefore
//
//   - checks each URL as text, before anything is resolved (CheckURL);
//   - checks each address in the moment of dialing, after DNS has had its say, against the special-purpose registries
//     of both families;
//   - bounds time, redirects, headers, and bodies as they are after decompression (Limits);
//   - keeps a slow or dead peer of one tenant from using up what others need (ClientFor);
//   - and answers with reasons from a fixed list (Error), which can be shown to the customer: an error text never
//     holds an address, a status line or a body, so it cannot be used to look into our network.
package netguard
