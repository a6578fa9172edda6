namespace Becket.Objects.S3;

/// <summary>
/// Where the credentials of requests come from. Asked before every request, from many threads at once, so an answer
/// that has not changed must be cheap, and should be the same instance.
/// </summary>
public interface IS3CredentialSource
{
    /// <summary>The credentials to sign with now; null for requests that are not signed (anonymous).</summary>
    /// <exception cref="ObjectStoreException"><see cref="ObjectStoreError.NoCredentials"/>.</exception>
    ValueTask<S3Credentials?> GetAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Asks for other credentials after a store called these expired. Returns the same ones where there are no others.
    /// </summary>
    ValueTask<S3Credentials?> RefreshAsync(S3Credentials refused, CancellationToken cancellationToken);
}

/// <summary>No credentials: requests go out unsigned, as a public bucket accepts them.</summary>
public sealed class AnonymousCredentials : IS3CredentialSource
{
    public ValueTask<S3Credentials?> GetAsync(CancellationToken cancellationToken) => default;

    public ValueTask<S3Credentials?> RefreshAsync(S3Credentials refused, CancellationToken cancellationToken) => default;
}

/// <summary>Credentials that were given and never change.</summary>
public sealed class FixedCredentials(S3Credentials credentials) : IS3CredentialSource
{
    public ValueTask<S3Credentials?> GetAsync(CancellationToken cancellationToken) => new(credentials);

    public ValueTask<S3Credentials?> RefreshAsync(S3Credentials refused, CancellationToken cancellationToken) => new(credentials);
}
