//! Two apps on loopback, one over http and one over https, that answer every request the same.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::Result;

/// The toolkits that want a key, the first over http, the second over https.
pub(crate) const KEYED: [&str; 2] = ["benchkey", "benchkeys"];
/// The key they want.
pub(crate) const KEY: &str = "key_0123456789abcdef0123456789abcdef";
/// What every request is answered.
const BODY: &str = r#"{"by":"dhouston","descendants":71,"id":8863,"kids":[9224,8917,8952,8884,8887,8869,8873,8958,8940,8908,9005,9671,9067,9055,8865,8881,8872,8955,10403,8903,8928,9125,8998,8901,8902,8907,8894,8870,8878,8980,8934,8943,8876],"score":104,"time":1175714200,"title":"My YC app: Dropbox - Throw away your USB drive","type":"story","url":"http://www.getdropbox.com/u/2/screencast.html"}"#;
/// Where most systems keep their roots in one file.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The servers, which answer as long as the bench runs.
#[derive(Debug)]
pub(crate) struct Upstreams {
    /// `http://127.0.0.1:PORT`
    pub(crate) http: String,
    /// `https://127.0.0.1:PORT`
    pub(crate) https: String,
    /// The one root that the https server's certificate needs
    pub(crate) root: PathBuf,
    /// The same root after those of this system, if they are in one file
    pub(crate) all_roots: Option<PathBuf>,
}

impl Upstreams {
    /// Starts both, with a certificate made for this run.
    pub(crate) fn start() -> Result<Self> {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("process");
        fs::create_dir_all(&dir)?;
        let (pem, config) = certified()?;
        let root = dir.join("root.pem");
        fs::write(&root, &pem)?;
        let system = SYSTEM_ROOTS.iter().find_map(|path| fs::read_to_string(path).ok());
        let all_roots = match system {
            Some(system) => {
                let path = dir.join("all-roots.pem");
                fs::write(&path, format!("{system}\n{pem}"))?;
                Some(path)
            }
            None => None,
        };
        let http = listen(|mut stream| exchange(&mut stream))?;
        let https = listen(move |stream| {
            let session = ServerConnection::new(Arc::clone(&config))?;
            let mut stream = StreamOwned::new(session, stream);
            exchange(&mut stream)?;
            stream.conn.send_close_notify();
            Ok(stream.flush()?)
        })?;
        let (http, https) = (format!("http://{http}"), format!("https://{https}"));
        Ok(Self { http, https, root, all_roots })
    }

    /// Returns the toolkits: for each server one without a login and one that wants a key.
    pub(crate) fn manifests(&self) -> Vec<(&'static str, String)> {
        let open = "type = \"none\"";
        let keyed = "type = \"api_key\"
            fields = [{ key = \"api_key\", label = \"Key\", secret = true }]
            place = { in = \"header\", name = \"Authorization\", value = \"Bearer {api_key}\" }";
        let (http, https) = (&self.http, &self.https);
        vec![
            ("benchopen", manifest("benchopen", http, open)),
            ("benchopens", manifest("benchopens", https, open)),
            (KEYED[0], manifest(KEYED[0], http, keyed)),
            (KEYED[1], manifest(KEYED[1], https, keyed)),
        ]
    }
}

fn manifest(slug: &str, base_url: &str, auth: &str) -> String {
    let upper = slug.to_uppercase();
    format!(
        "slug = \"{slug}\"
        name = \"{slug}\"
        description = \"An app of the bench\"
        base_url = \"{base_url}\"
        [auth]
        {auth}
        [[tools]]
        slug = \"{upper}_GET_ITEM\"
        name = \"Get item\"
        description = \"Get an item by its id\"
        request = \"GET /item/{{id}}.json\"
        effect = \"read\"
        [tools.input]
        type = \"object\"
        required = [\"id\"]
        additionalProperties = false
        [tools.input.properties]
        id = {{ type = \"integer\", minimum = 1 }}
        "
    )
}

/// Makes a root, and a server certificate of that root for `127.0.0.1`.
fn certified() -> Result<(String, Arc<ServerConfig>)> {
    let mut params = CertificateParams::new(Vec::new())?;
    // A leaf with the root's own name would look self-signed.
    params.distinguished_name.push(DnType::CommonName, "naive bench root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, &root)?;
    let secret = PrivateKeyDer::try_from(key.serialize_der())?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], secret)?;
    Ok((pem(root.der()), Arc::new(config)))
}

/// Writes a certificate as text (RFC 7468).
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// Serves one connection after the other on a thread, and returns the address.
fn listen(
    serve: impl Fn(TcpStream) -> Result<()> + Send + 'static,
) -> Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().map_while(std::result::Result::ok) {
            // Whoever got no answer says so on the other side, and ends the bench.
            drop(serve(stream));
        }
    });
    Ok(address)
}

/// Reads the head of one request and answers it.
fn exchange(stream: &mut (impl Read + Write)) -> Result<()> {
    let mut reader = BufReader::new(&mut *stream);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let length = BODY.len();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
    stream.write_all(format!("{head}\r\ncontent-length: {length}\r\n\r\n{BODY}").as_bytes())?;
    Ok(stream.flush()?)
}
