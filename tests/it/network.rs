//! What lies between us and an app: names, certificates, refusals. Each has its own clear error.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::support::Naive;

/// What kind of certificate a server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Good,
    Expired,
    OtherHost,
    SelfSigned,
}

/// Starts a server over TLS on 127.0.0.1; returns its address and its root, as text.
fn secured(shown: Shown) -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "naive test root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let host = if shown == Shown::OtherHost { "other.example" } else { "127.0.0.1" };
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    if shown == Shown::Expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let leaf = match shown {
        Shown::SelfSigned => params.self_signed(&key).unwrap(),
        Shown::Good | Shown::Expired | Shown::OtherHost => params.signed_by(&key, &root).unwrap(),
    };
    let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], secret)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            answer(StreamOwned::new(session, stream));
        }
    });
    let text = STANDARD.encode(root.der());
    (url, format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"))
}

/// Answers one request; a client that refuses the certificate sends none.
fn answer(mut stream: StreamOwned<ServerConnection, TcpStream>) {
    let mut reader = BufReader::new(&mut stream);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        line.clear();
    }
    let reply = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    drop(stream.write_all(reply.as_bytes()).and_then(|()| stream.flush()));
}

/// Runs a tool of an app without a login at an address.
fn called(naive: &Naive, base_url: &str) -> (i32, Value) {
    let manifest = format!(
        "slug = \"acme\"\nname = \"Acme\"\ndescription = \"An app\"\nbase_url = \"{base_url}\"\n\
         [[tools]]\nslug = \"ACME_READ\"\nname = \"Read\"\ndescription = \"Read\"\n\
         request = \"POST /things\"\neffect = \"write\"\n"
    );
    std::fs::write(naive.home().join("acme.toml"), manifest).unwrap();
    drop(naive.run("toolkits add acme.toml").exits(0));
    let run = naive.run("connections execute acme ACME_READ");
    (run.status, run.json()["error"].clone())
}

#[test]
fn a_certificate_that_is_not_good_is_named_by_its_fault() {
    let table = [
        (Shown::Expired, "certificate_expired", "has a certificate that has expired"),
        (Shown::OtherHost, "certificate_of_another_host", "has a certificate for another host"),
        (
            Shown::SelfSigned,
            "certificate_untrusted",
            "has a certificate that nobody we trust has signed",
        ),
    ];
    for (shown, reason, words) in table {
        let (url, root) = secured(shown);
        let naive = Naive::new().env("NAIVE_PROFILE", "local");
        let path = naive.home().join("root.pem");
        std::fs::write(&path, root).unwrap();
        let naive = naive.env("SSL_CERT_FILE", path.to_str().unwrap());

        let (status, error) = called(&naive, &url);

        let host = url.trim_start_matches("https://");
        assert_eq!(error["message"], format!("`{host}` {words}"));
        assert_eq!((status, &error["reason"]), (1, &json!(reason)));
        assert_eq!(error["code"], "provider_error", "nothing was sent, so nothing is unknown");
        assert!(error["hint"].is_string());
    }
}

#[test]
fn an_authority_of_ones_own_is_trusted_once_it_is_named() {
    let (url, root) = secured(Shown::Good);
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    let path = naive.home().join("root.pem");
    std::fs::write(&path, root).unwrap();

    let (_, unnamed) = called(&naive, &url);
    let (status, _) = called(&naive.env("SSL_CERT_FILE", path.to_str().unwrap()), &url);

    assert_eq!(unnamed["reason"], "certificate_untrusted");
    assert_eq!(status, 0);
}

#[test]
fn an_app_that_is_not_there_is_said_to_refuse() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "https"] {
        let naive = Naive::new().env("NAIVE_PROFILE", "local");

        let (status, error) = called(&naive, &format!("{scheme}://{gone}"));

        assert_eq!((status, &error["reason"]), (1, &json!("connection_refused")), "{error}");
        assert_eq!(error["code"], "provider_error");
    }
}

#[test]
fn a_server_that_speaks_no_tls_is_named_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        }
    });
    let naive = Naive::new().env("NAIVE_PROFILE", "local");

    let (status, error) = called(&naive, &url);

    assert_eq!((status, &error["reason"]), (1, &json!("tls_failed")), "{error}");
}
