<?php

// Everybody in users.json, a map of login to attributes, signs in with the password "password".
$config = ['users' => ['exampleauth:UserPass']];
foreach (json_decode(file_get_contents(getenv('STATE') . '/users.json'), true) as $login => $attributes) {
    $config['users'][$login . ':password'] = $attributes + ['uid' => [(string) $login]];
}
