<?php

// keys.json names the key that signs and, during a rollover, the one that is published beside it.
$keys = json_decode(file_get_contents(getenv('STATE') . '/keys.json'), true);
$formats = [
    'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
];
$bindings = [
    'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
    'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
];

$hosted = [
    'host' => '__DEFAULT__',
    'auth' => 'users',
    'privatekey' => $keys['signing'] . '.key',
    'certificate' => $keys['signing'] . '.crt',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'sign.logout' => true,
    'validate.logout' => true,
    'userid.attribute' => 'uid',
    'authproc' => [
        3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'email', 'Format' => $formats[0]],
        4 => ['class' => 'saml:PersistentNameID', 'attribute' => 'uid'],
        5 => ['class' => 'saml:TransientNameID'],
    ],
    'NameIDFormat' => $formats,
    'SingleSignOnServiceBinding' => $bindings,
    'SingleLogoutServiceBinding' => $bindings,
];
if (isset($keys['next'])) {
    $hosted += ['new_privatekey' => $keys['next'] . '.key', 'new_certificate' => $keys['next'] . '.crt'];
}
$metadata[getenv('BASE') . '/idp/' . getenv('TENANT')] = $hosted;
