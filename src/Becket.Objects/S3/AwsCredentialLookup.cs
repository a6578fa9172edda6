using System.Diagnostics.CodeAnalysis;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.SecurityToken;
using Amazon.SSO;
using Amazon.SSOOIDC;

namespace Becket.Objects.S3;

/// <summary>
/// The search for credentials, in the order of the AWS command line. The first place that has some is the one: what is
/// wrong with them there is an error, not a reason to look further.
/// </summary>
/// <param name="profile">A profile asked for by name, or null.</param>
/// <param name="variable">Reads an environment variable.</param>
/// <param name="profilesLocation">The credentials file for the SDK to read; null where it shall find both files itself.</param>
/// <param name="time">Bounds waits.</param>
internal sealed class AwsCredentialLookup(string? profile, Func<string, string?> variable, string? profilesLocation, TimeProvider time)
{
    private readonly Ec2InstanceMetadata _instance = new(variable, time);

    /// <summary>Where the last search ended, in the words of a message.</summary>
    public string Found { get; private set; } = "nobody";

    public async ValueTask<AWSCredentials> FindAsync(CancellationToken cancellationToken) =>
        NamedProfile()
        ?? EnvironmentKeys()
        ?? WebIdentity()
        ?? DefaultProfile()
        ?? Container()
        ?? await InstanceAsync(cancellationToken);

    private AWSCredentials? NamedProfile() => profile is null ? null : Profile(profile) ?? throw NoSuchProfile(profile);

    private AWSCredentials? EnvironmentKeys()
    {
        if (Variable("AWS_ACCESS_KEY_ID") is not { } accessKey)
            return null;
        Found = "the environment (AWS_ACCESS_KEY_ID)";
        if (Variable("AWS_SECRET_ACCESS_KEY") is not { } secretKey)
        {
            throw new ObjectStoreException(
                ObjectStoreError.NoCredentials, "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not; set both");
        }
        return Variable("AWS_SESSION_TOKEN") is { } token
            ? new SessionAWSCredentials(accessKey, secretKey, token)
            : new BasicAWSCredentials(accessKey, secretKey);
    }

    private AssumeRoleWithWebIdentityCredentials? WebIdentity()
    {
        if (Variable("AWS_WEB_IDENTITY_TOKEN_FILE") is not { } tokenFile || Variable("AWS_ROLE_ARN") is not { } role)
            return null;
        Found = "the web identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN)";
        return new AssumeRoleWithWebIdentityCredentials(tokenFile, role, Variable("AWS_ROLE_SESSION_NAME"));
    }

    private AWSCredentials? DefaultProfile()
    {
        var name = AwsEnvironment.ProfileName(variable);
        return Profile(name) ?? (Variable("AWS_PROFILE") is null ? null : throw NoSuchProfile(name));
    }

    private GenericContainerCredentials? Container()
    {
        if (Variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") is null && Variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") is null)
            return null;
        Found = "the container (AWS_CONTAINER_CREDENTIALS_...)";
        return new GenericContainerCredentials();
    }

    /// <remarks>
    /// The same address answers on other clouds and on instances without a role: a refusal there is no error of its
    /// own, but the end of the search.
    /// </remarks>
    private async ValueTask<AWSCredentials> InstanceAsync(CancellationToken cancellationToken)
    {
        if (!await _instance.IsThereAsync(cancellationToken))
            throw NothingFound(inner: null);
        try
        {
            var credentials = await _instance.GetCredentialsAsync(cancellationToken);
            Found = "the EC2 instance's role";
            return credentials;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw NothingFound(e);
        }
    }

    // The SDK finds these clients by name only, which the trimmer cannot see.
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicConstructors, typeof(AmazonSecurityTokenServiceClient))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicConstructors, typeof(AmazonSecurityTokenServiceConfig))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicConstructors, typeof(AmazonSSOClient))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicConstructors, typeof(AmazonSSOConfig))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicConstructors, typeof(AmazonSSOOIDCClient))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicConstructors, typeof(AmazonSSOOIDCConfig))]
    private AWSCredentials? Profile(string name)
    {
        var files = new CredentialProfileStoreChain(profilesLocation);
        if (!files.TryGetProfile(name, out var found) || (!found.CanCreateAWSCredentials && name == "default"))
            return null; // [default] often holds nothing but a region
        Found = $"profile '{name}'";
        return AWSCredentialsFactory.GetAWSCredentials(found, files);
    }

    private string? Variable(string name) => variable(name) is { Length: > 0 } value ? value : null;

    private ObjectStoreException NoSuchProfile(string name) => AwsEnvironment.NoProfile(
        name, AwsConfigFile.Read(AwsEnvironment.ConfigPath(variable), AwsEnvironment.CredentialsPath(variable)), variable);

    private ObjectStoreException NothingFound(Exception? inner) => new(
        ObjectStoreError.NoCredentials,
        "no credentials for S3: neither in AWS_ACCESS_KEY_ID nor for a web identity, "
        + $"nor a profile '{AwsEnvironment.ProfileName(variable)}' in {AwsEnvironment.CredentialsPath(variable)} "
        + $"or {AwsEnvironment.ConfigPath(variable)}, nor of a container or an EC2 instance; "
        + "set one of them, name a --profile, or read a public object with --no-sign-request",
        inner);
}
