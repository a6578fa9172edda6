using Amazon.Runtime;
using Microsoft.Extensions.Logging;

namespace Becket.Objects.S3;

/// <summary>
/// The credentials that the AWS tools would use here: from the environment, a profile (keys, roles, SSO, a process), a
/// web identity, the container or the EC2 instance. Temporary ones are renewed before they expire. May be used from many
/// threads at once; between two looks at the source, a minute apart, an answer costs nothing.
/// </summary>
public sealed partial class AwsCredentialChain : IS3CredentialSource, IDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMinutes(1);

    private readonly AwsCredentialLookup _lookup;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _looking = new(1, 1);
    private volatile Held? _held;
    private AWSCredentials? _source; // only while _looking is held

    /// <param name="profile">A profile asked for by name, which comes before all else; null for the usual search.</param>
    /// <param name="time">Tells when to look again.</param>
    /// <param name="logger">Is told when a renewal fails.</param>
    public AwsCredentialChain(string? profile, TimeProvider time, ILogger logger)
        : this(new AwsCredentialLookup(profile, Environment.GetEnvironmentVariable, profilesLocation: null, time), time, logger)
    {
    }

    internal AwsCredentialChain(AwsCredentialLookup lookup, TimeProvider time, ILogger logger) =>
        (_lookup, _time, _logger) = (lookup, time, logger);

    public ValueTask<S3Credentials?> GetAsync(CancellationToken cancellationToken) =>
        _held is { } held && _time.GetUtcNow() < held.LookAgain ? new(held.Credentials) : LookAsync(refused: null, cancellationToken);

    public ValueTask<S3Credentials?> RefreshAsync(S3Credentials refused, CancellationToken cancellationToken) =>
        LookAsync(refused, cancellationToken);

    public void Dispose() => _looking.Dispose();

    private async ValueTask<S3Credentials?> LookAsync(S3Credentials? refused, CancellationToken cancellationToken)
    {
        await _looking.WaitAsync(cancellationToken);
        try
        {
            var held = _held;
            if (held is not null && held.Credentials != refused && _time.GetUtcNow() < held.LookAgain)
                return held.Credentials; // somebody else has just looked
            if (refused is not null)
                _source = null; // search from the start: a profile may have been written anew since
            var credentials = await AskSourceAsync(held, refused, cancellationToken);

            // The same instance for the same keys: the signing key derived from them stays.
            credentials = credentials == held?.Credentials ? held.Credentials : credentials;
            _held = new Held(credentials, _time.GetUtcNow() + LookInterval);
            return credentials;
        }
        finally
        {
            _looking.Release();
        }
    }

    private async ValueTask<S3Credentials> AskSourceAsync(Held? held, S3Credentials? refused, CancellationToken cancellationToken)
    {
        try
        {
            // On a thread of the pool: the SDK blocks in places, and who asks may be the thread that completes all sockets.
            var keys = await Task.Run(
                async () => await (_source ??= await _lookup.FindAsync(cancellationToken)).GetCredentialsAsync(),
                cancellationToken).WaitAsync(cancellationToken);
            return new S3Credentials(keys.AccessKey, keys.SecretKey, keys.Token is { Length: > 0 } token ? token : null);
        }
        catch (Exception e) when (e is not OperationCanceledException && held is not null && refused is null)
        {
            // They may still be good for a while, and the store will say when they are not.
            LogRenewalFailed(_logger, e.GetBaseException().Message);
            return held.Credentials;
        }
        catch (Exception e) when (e is not (OperationCanceledException or ObjectStoreException))
        {
            throw new ObjectStoreException(
                ObjectStoreError.NoCredentials,
                $"the credentials of {_lookup.Found} cannot be loaded: {OneLine(e.GetBaseException().Message)}",
                e);
        }
    }

    private static string OneLine(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');

    [LoggerMessage(Level = LogLevel.Warning, Message = "The credentials could not be renewed ({Reason}); going on with the ones at hand")]
    private static partial void LogRenewalFailed(ILogger logger, string reason);

    private sealed record Held(S3Credentials Credentials, DateTimeOffset LookAgain);
}
