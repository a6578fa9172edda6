using Becket.InteropTests.Processes;

namespace Becket.InteropTests.Nbd;

/// <summary>
/// Certificates made by OpenSSL: in the folder pki an authority, its list of revoked certificates, the server's certificate and the
/// reader's; beside it folders of clients who have none, one with another name, one that has expired, one that is on the list, and
/// one of another authority.
/// </summary>
internal static class CertificateFolders
{
    public static async Task MakeAsync(string folder, CancellationToken cancellationToken)
    {
        Tool.Require("openssl");
        var script = Path.Combine(folder, "make.sh");
        await File.WriteAllTextAsync(
            script,
            """
            set -euo pipefail
            authority() { # FOLDER
                mkdir -p $1
                openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=Authority of $1" -keyout $1/ca-key.pem -out $1/ca-cert.pem
            }
            sign() { # FOLDER server|client NAME [OPTION...]: by the authority in that folder
                local extensions="subjectAltName=DNS:$3" folder=$1 kind=$2 name=$3
                shift 3
                openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout $folder/$kind-key.pem -out $folder/request.pem
                openssl x509 -req -in $folder/request.pem -CA $folder/ca-cert.pem -CAkey $folder/ca-key.pem -CAcreateserial "$@" \
                    -extfile <(printf '%s\nextendedKeyUsage=%sAuth' "$extensions" $kind) -out $folder/$kind-cert.pem
            }
            revoke() { # FOLDER [CERTIFICATE]: makes the list of the authority in that folder
                local folder=$1
                printf '%s\n' '[ca]' default_ca=own '[own]' database=$folder/index default_md=sha384 crlnumber=$folder/number \
                    crl_extensions=extensions '[extensions]' authorityKeyIdentifier=keyid:always >$folder/ca.conf
                touch $folder/index
                echo 01 >$folder/number
                local options=(-config $folder/ca.conf -cert $folder/ca-cert.pem -keyfile $folder/ca-key.pem)
                [[ $# == 1 ]] || openssl ca "${options[@]}" -revoke $2 -crl_reason keyCompromise
                openssl ca "${options[@]}" -gencrl -crldays 7 -out $folder/ca-crl.pem
            }
            authority pki
            sign pki server localhost -days 30
            sign pki client reader -days 30
            for client in none stranger expired revoked; do
                mkdir $client
                cp pki/ca-*.pem $client
            done
            sign stranger client stranger -days 30
            sign expired client reader -days -1
            sign revoked client reader -days 30 -set_serial 0xffeeddccbbaa99
            revoke pki revoked/client-cert.pem
            authority foreign
            sign foreign client reader -days 30
            revoke foreign
            """,
            cancellationToken);
        await new Command("bash", script) { WorkingFolder = folder }.SucceedAsync(cancellationToken);
    }
}
