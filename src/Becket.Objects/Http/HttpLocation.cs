using System.Net.Http.Headers;
using System.Text;

namespace Becket.Objects.Http;

/// <summary>
/// An http(s) URL taken apart: where to send requests, with which credentials, and what may be shown of it. User,
/// password and query (which may be a signature) are secrets and never part of <see cref="Server"/> or <see cref="Path"/>.
/// </summary>
internal sealed class HttpLocation
{
    // A signature may be over these very characters: they are sent as they were given.
    private static readonly UriCreationOptions Verbatim = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <exception cref="ObjectStoreException">Not an http or https URL (<see cref="ObjectStoreError.Invalid"/>).</exception>
    public HttpLocation(Uri url)
    {
        if (!url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps))
            throw new ObjectStoreException(ObjectStoreError.Invalid, "an http:// or https:// URL is needed here");
        Server = $"{url.Scheme}://{url.Authority}";
        Path = url.AbsolutePath.Length > 1 ? url.AbsolutePath[1..] : "/";
        Target = new Uri(Server + url.PathAndQuery, Verbatim);
        if (url.UserInfo.Length > 0)
        {
            _credentials = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(url.UserInfo))));
        }
    }

    private readonly AuthenticationHeaderValue? _credentials;

    /// <summary><c>https://host:port</c>; the port only where it is not the scheme's own.</summary>
    public string Server { get; }

    /// <summary>The path without its first slash, escaped as in the URL; "/" for the root.</summary>
    public string Path { get; }

    /// <summary>The URL for requests: no user, no fragment, but the query.</summary>
    public Uri Target { get; }

    /// <summary>
    /// What a request to <paramref name="url"/> may carry: the credentials are for the server that the user named, no other.
    /// </summary>
    public AuthenticationHeaderValue? CredentialsFor(Uri url) =>
        Uri.Compare(url, Target, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0
            ? _credentials
            : null;
}
